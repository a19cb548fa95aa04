"""What the adapter makes of answers: exact amounts, named reasons, and no guess about money."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.cloudpayments.api import TRANSACTION
from adapters.providers.cloudpayments.reasons import REASONS
from adapters.providers.cloudpayments.translate import payment_snapshot, to_money
from adapters.providers.reading import readable
from application.payments.provider import (
    Accepted,
    ChargeOutcome,
    Declined,
    Found,
    ListingFailed,
    Missing,
    OutcomeUnknown,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
    Rejected,
    Succeeded,
    Unreachable,
)
from domain.payments.declines import DeclineReason
from domain.shared.errors import InvalidValue
from domain.shared.money import Money
from tests.adapters.cloudpayments_wire import (
    a_decline,
    a_transaction,
    cloudpayments_before,
    done,
    refusal,
    told,
)
from tests.adapters.raw_server import answer
from tests.adapters.test_cloudpayments_requests import CHARGE, CHECKOUT, GIVE_BACK, NOT_FOUND, sent

SECURE = {"TransactionId": 504, "PaReq": "eJx", "AcsUrl": "https://acs.example.org/start"}


async def charged(*answers: bytes) -> ChargeOutcome:
    async with cloudpayments_before(*answers) as (adapter, _):
        return await adapter.charge_saved(CHARGE)


async def shown(**fields: Any) -> PaymentSnapshot:
    """Return how the adapter shows a payment found by its invoice."""
    async with cloudpayments_before(told(done(a_transaction(**fields)))) as (adapter, _):
        found = await adapter.get_payment("a-1")
    assert isinstance(found, Found), found
    return found.snapshot


async def test_a_completed_payment_is_read_in_full() -> None:
    payment = await shown()

    assert payment.external_id == payment.reference == "a-1"
    assert payment.money == payment.captured == Money.of(1000, "RUB")
    assert payment.created_at == datetime(2014, 8, 9, 11, 49, 41, tzinfo=UTC)
    assert payment.captured_at == datetime(2014, 8, 9, 11, 49, 43, tzinfo=UTC)
    assert payment.metadata == {"invoice_id": "i-1"}
    assert payment.test
    assert payment.method is not None
    assert payment.method.external_id == "a4e67841-abb0-42de-a364-d1d8f9f4b3c0"
    assert (payment.method.saved, payment.method.title) == (True, "Visa *1111")
    assert (payment.method.expires_month, payment.method.expires_year) == (5, 2029)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("AwaitingAuthentication", PaymentStatus.PENDING),
        ("Authorized", PaymentStatus.AUTHORIZED),
        ("Completed", PaymentStatus.SUCCEEDED),
        ("Cancelled", PaymentStatus.CANCELED),
        ("Declined", PaymentStatus.CANCELED),
        ("Frozen", PaymentStatus.UNRECOGNIZED),
    ],
)
async def test_a_status_is_named_or_called_unrecognized(
    status: str, expected: PaymentStatus
) -> None:
    payment = await shown(Status=status)

    assert payment.status is expected
    assert payment.captured.is_positive == (expected is PaymentStatus.SUCCEEDED)
    assert payment.raw["status"] == status


async def test_a_card_nobody_asked_to_keep_is_not_kept() -> None:
    payment = await shown(JsonData='{"invoice_id":"i-1"}')

    assert payment.method is not None
    assert not payment.method.saved


@pytest.mark.parametrize("data", [None, "", "no json", "[1]", '"text"', '{"a": 1}', "[" * 5000])
async def test_data_that_is_not_ours_is_passed_over(data: str | None) -> None:
    assert (await shown(JsonData=data)).metadata == {}


async def test_evidence_holds_no_token_and_no_first_digits() -> None:
    kept = repr((await shown()).raw)

    assert "a4e67841" not in kept
    assert "411111" not in kept


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        (b"10", "RUB", 1000),
        (b"10.00000", "RUB", 1000),
        (b"0.01", "RUB", 1),
        (b"100000000.01", "RUB", 10_000_000_001),
        (b"1500.0", "JPY", 1500),
        (b"1.234", "KWD", 1234),
        (b"1e2", "RUB", 10000),
    ],
)
def test_an_amount_is_read_digit_by_digit(text: bytes, currency: str, minor: int) -> None:
    body = b'{"TransactionId":1,"Status":"?","Amount":%s,"Currency":"%s"}'
    transaction = TRANSACTION(body % (text, currency.encode()))

    assert to_money(transaction.amount, currency) == Money.of(minor, currency)


@pytest.mark.parametrize("text", [b"10.005", b"1e400", b"1e-400", b"123456789012345678.00"])
def test_an_amount_that_is_none_is_refused(text: bytes) -> None:
    transaction = TRANSACTION(
        b'{"TransactionId":1,"Status":"?","Currency":"RUB","Amount":%s}' % text
    )

    with pytest.raises(InvalidValue):
        to_money(transaction.amount, "RUB")


@pytest.mark.parametrize(("code", "reason"), sorted(REASONS.items()))
async def test_a_decline_says_why(code: int, reason: DeclineReason) -> None:
    outcome = await charged(told(refusal(None, a_decline(code))))

    assert isinstance(outcome, Declined)
    assert (outcome.decline.reason, outcome.decline.raw_code) == (reason, str(code))
    assert outcome.snapshot is not None
    assert outcome.snapshot.reference == "a-1"


async def test_a_decline_with_a_message_beside_it_is_still_a_decline() -> None:
    outcome = await charged(told(refusal("Insufficient funds", a_decline(5051))))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.INSUFFICIENT_FUNDS


async def test_a_code_nobody_has_published_waits_for_a_person() -> None:
    outcome = await charged(told(refusal(None, a_decline(6005))))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.UNRECOGNIZED
    assert outcome.decline.raw_code == "6005"


async def test_a_bank_that_wants_the_payer_declines_a_charge_nobody_is_present_for() -> None:
    outcome = await charged(told(refusal(None, SECURE)))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.AUTHENTICATION


async def test_a_token_that_has_ended_is_never_charged_again() -> None:
    outcome = await charged(told(refusal("Token is not active")))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.CONSENT_REVOKED
    assert outcome.decline.spoils_method


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (told(refusal("Amount is required")), Rejected),
        (told(refusal("Token not found")), Rejected),
        (told(refusal(None)), Rejected),
        (told(refusal("no"), 400), Rejected),
        (told(done()), OutcomeUnknown),
        (told(done({"TransactionId": 504})), OutcomeUnknown),
        (told(done(a_transaction(Amount=10.005))), OutcomeUnknown),
        (told(done(a_transaction(CreatedDateIso=None))), OutcomeUnknown),
        (told([]), OutcomeUnknown),
        (answer(200, b""), OutcomeUnknown),
        (answer(200, b"<html>"), OutcomeUnknown),
        (answer(404, b"<html>"), OutcomeUnknown),
        (told(refusal("busy"), 500), OutcomeUnknown),
        (told({}, 202), OutcomeUnknown),
    ],
)
async def test_what_is_not_an_answer_is_unknown(body: bytes, kind: type[object]) -> None:
    assert isinstance(await charged(body), kind)


async def test_wrong_credentials_say_so_and_decline_nobody() -> None:
    outcome = await charged(answer(401, b""))

    assert isinstance(outcome, Rejected)
    assert outcome.access_denied


async def test_a_charge_of_another_amount_is_shown_and_not_hidden() -> None:
    outcome = await charged(told(done(a_transaction(Amount=11.0))))

    assert isinstance(outcome, Succeeded)
    assert outcome.snapshot.money == Money.of(1100, "RUB")


async def test_a_payment_is_missing_only_where_the_gateway_says_so() -> None:
    for body, kind in [
        (told(refusal("Not found")), Missing),
        (told(refusal("Invalid request")), Unreachable),
        (told({}, 500), Unreachable),
        (told(done(a_transaction(InvoiceId="a-2"))), Unreachable),
        (told(done(a_transaction(Amount=10.005))), Unreachable),
    ]:
        async with cloudpayments_before(body) as (adapter, _):
            assert isinstance(await adapter.get_payment("a-1"), kind), body


async def test_behind_a_refund_stands_its_payment_with_what_went_back() -> None:
    back = a_transaction(
        TransactionId=600,
        Type=1,
        OriginalTransactionId=504,
        Amount=4.0,
        CreatedDateIso="2014-08-09T12:00:00",
    )
    of_another = {**back, "TransactionId": 601, "OriginalTransactionId": 7}
    async with cloudpayments_before(
        told(done(back)),
        told(done(a_transaction())),
        told(done([a_transaction(), back, of_another])),
        told(done([])),
    ) as (adapter, server):
        found = await adapter.get_payment("a-1")

    assert isinstance(found, Found)
    assert found.snapshot.status is PaymentStatus.SUCCEEDED
    assert found.snapshot.refunded == Money.of(400, "RUB")
    assert sent(server, 1) == {"TransactionId": 504}


async def test_a_try_we_refused_ourselves_does_not_hide_the_one_that_was_paid() -> None:
    refused = a_decline(3008, TransactionId=505, CreatedDateIso="2014-08-09T11:55:00")
    async with cloudpayments_before(
        told(done(refused)), told(done([a_transaction(), refused])), told(done([]))
    ) as (adapter, _):
        found = await adapter.get_payment("a-1")

    assert isinstance(found, Found)
    assert found.snapshot.status is PaymentStatus.SUCCEEDED


async def listed(*pages: list[dict[str, Any]]) -> list[PaymentSnapshot]:
    """Return what a listing of one day shows, given its pages."""
    day = datetime(2014, 8, 9, 12, tzinfo=UTC)
    wanted = PaymentFilter(created_from=day - timedelta(hours=1), created_to=day)
    async with cloudpayments_before(*(told(done(page)) for page in (*pages, []))) as (adapter, _):
        return [row async for page in adapter.list_payments(wanted) for row in page]


async def test_a_row_that_moved_to_another_page_is_listed_once_and_in_order() -> None:
    first, second = a_transaction(), a_transaction(TransactionId=505, InvoiceId="a-2")

    rows = await listed([first], [first, second])

    assert [row.external_id for row in rows] == ["a-2", "a-1"]


async def test_of_the_tries_of_an_invoice_the_one_that_paid_is_listed() -> None:
    rows = await listed(
        [a_decline(5051, TransactionId=503), a_transaction(), a_decline(5051, TransactionId=506)]
    )

    assert [(row.external_id, row.status) for row in rows] == [("a-1", PaymentStatus.SUCCEEDED)]


async def test_money_that_came_twice_is_not_hidden_behind_one_invoice() -> None:
    rows = await listed([a_transaction(), a_transaction(TransactionId=505)])

    assert [(row.external_id, row.reference) for row in rows] == [("t-505", None), ("a-1", "a-1")]


async def test_a_payment_without_an_invoice_goes_by_its_number() -> None:
    (row,) = await listed([a_transaction(InvoiceId=None)])

    assert (row.external_id, row.reference) == ("t-504", None)


async def test_a_listing_with_a_row_nobody_can_read_fails_instead_of_leaving_it_out() -> None:
    with pytest.raises(ListingFailed):
        await listed([a_transaction(Amount=10.005)])


async def test_a_refund_in_another_currency_is_refused_before_it_is_asked_for() -> None:
    async with cloudpayments_before(told(done(a_transaction(Currency="USD")))) as (adapter, server):
        outcome = await adapter.refund(GIVE_BACK)

    assert isinstance(outcome, Rejected)
    assert len(server.bodies) == 1


async def test_a_link_of_another_amount_means_the_key_was_used_before() -> None:
    order = {"Id": "f2K8", "Amount": 1.0, "Currency": "RUB", "Url": "https://o/d/f2K8"}
    async with cloudpayments_before(NOT_FOUND, told(done(order))) as (adapter, _):
        outcome = await adapter.start_checkout(CHECKOUT)

    assert isinstance(outcome, Rejected)
    assert outcome.key_conflict


async def test_a_payer_at_the_bank_is_waited_for() -> None:
    assert isinstance(
        await charged(told(done(a_transaction(Status="AwaitingAuthentication")))), Accepted
    )


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(a_transaction())), ODD)
def test_no_value_in_any_place_breaks_the_reader(name: str, value: object) -> None:
    def read(body: bytes) -> PaymentSnapshot:
        return payment_snapshot(TRANSACTION(body))

    body = json.dumps(a_transaction(**{name: value})).encode()
    snapshot = readable(read, body)
    assert snapshot is None or isinstance(snapshot, PaymentSnapshot)
