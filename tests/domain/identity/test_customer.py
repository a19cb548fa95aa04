"""A customer is checked when made; what cannot be one is refused and never breaks the caller."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.identity.customer import LOCALES, Customer
from domain.shared.errors import InvalidValue
from domain.shared.ids import CustomerId
from tests.builders import NOON


def a_customer(**changed: Any) -> Customer:
    given = {
        "id": CustomerId(uuid4()),
        "external_id": "c-1",
        "email": "ann@shop.test",
        "time_zone": "Europe/Moscow",
        "locale": "ru",
        "created_at": NOON,
    }
    return Customer(**(given | changed))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"])
def test_an_iana_zone_is_taken(zone: str) -> None:
    assert a_customer(time_zone=zone).time_zone == zone


@pytest.mark.parametrize(
    "zone",
    [
        "", "Mars/Olympus", "europe/moscow?", "../../etc/passwd", "/etc/localtime", "Europe/../UTC",
        "a\0b", "\ud800", "localtime", "posixrules", "right/UTC", "posix/Europe/Berlin",
    ],
)  # fmt: skip
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidValue):
        a_customer(time_zone=zone)


@pytest.mark.parametrize("zone", ["America", "Europe", "America/Argentina", "Etc"])
def test_a_folder_of_zones_is_no_zone(zone: str) -> None:
    with pytest.raises(InvalidValue):
        a_customer(time_zone=zone)


def test_a_name_too_long_for_a_file_is_no_zone() -> None:
    with pytest.raises(InvalidValue) as refused:
        a_customer(time_zone="x" * 10_000)
    assert len(str(refused.value)) < 200


@given(zone=st.text(max_size=300))
def test_no_text_at_all_breaks_the_check_of_a_zone(zone: str) -> None:
    try:
        a_customer(time_zone=zone)
    except InvalidValue:
        return
    assert zone.isascii()


@pytest.mark.parametrize(
    "email", [None, "a@b", "ann+tag@shop.test", "анна@почта.рф", "a" * 64 + "@b"]
)
def test_an_address_that_can_be_one_is_taken(email: str | None) -> None:
    assert a_customer(email=email).email == email


@pytest.mark.parametrize(
    "email",
    [
        "", "ann", "@shop.test", "ann@", "a@b@c", "a b@c", "a@b\r\nBcc: x@y", "a@b\n", "a\t@b",
        "a\0@b", "a" * 65 + "@b", "a@" + "b" * 191, "a@b\u2028", "\x1b@b",
    ],
)  # fmt: skip
def test_an_address_that_would_break_a_header_is_refused(email: str) -> None:
    with pytest.raises(InvalidValue):
        a_customer(email=email)


@pytest.mark.parametrize("name", ["", "x" * 201, "a\nb", "a\0b", "\ud800", "a\u202eb"])
def test_a_foreign_id_that_cannot_be_printed_is_refused(name: str) -> None:
    with pytest.raises(InvalidValue):
        a_customer(external_id=name)


@pytest.mark.parametrize("name", ["1", "x" * 200, "Жар-птица 7", "a/b?c=d"])
def test_a_foreign_id_is_the_companys_own_business(name: str) -> None:
    assert a_customer(external_id=name).external_id == name


@pytest.mark.parametrize("locale", ["de", "", "RU", "en-GB"])
def test_a_language_nobody_wrote_texts_in_is_refused(locale: str) -> None:
    assert LOCALES == ("en", "ru")
    with pytest.raises(InvalidValue):
        a_customer(locale=locale)
