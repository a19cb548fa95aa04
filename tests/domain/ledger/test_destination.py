"""A payout destination is digits, and shows its last four."""

import pytest

from domain.ledger.destination import Destination
from domain.shared.errors import InvalidValue


@pytest.mark.parametrize("digits", [11, 14, 33])
def test_a_number_is_kept_and_only_its_tail_is_printed(digits: int) -> None:
    account = "9876543210" * 4
    one = Destination(account[:digits])

    assert one.account == account[:digits]
    assert one.tail == account[digits - 4 : digits]
    for printed in (repr(one), str(one), f"{one}"):
        assert account[:5] not in printed


@pytest.mark.parametrize(
    "account", ["", "1" * 10, "1" * 34, "4100161457571x", "41001614575714\n", "٤" * 14, "-" * 12]
)
def test_what_is_no_number_is_refused_and_not_repeated(account: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Destination(account)
    assert not account or account not in str(refused.value)
