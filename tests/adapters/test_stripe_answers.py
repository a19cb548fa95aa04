"""What the adapter sends to Stripe, and what it makes of the answers, of broken ones too."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.reading import readable, reader
from adapters.providers.stripe import wire
from adapters.providers.stripe.translate import intent_snapshot, session_snapshot
from application.payments.provider import (
    Accepted,
    CheckoutRequest,
    Customer,
    Declined,
    Found,
    ListingFailed,
    Missing,
    NotSent,
    OutcomeUnknown,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
    RefundAnswered,
    RefundRequest,
    RefundStatus,
    Rejected,
    SavedChargeRequest,
    Succeeded,
    Unreachable,
)
from domain.payments.declines import DeclineReason
from domain.shared.money import Money
from tests.adapters.raw_server import RawServer, answer
from tests.adapters.stripe_wire import (
    CUSTOMER,
    INTENT_ID,
    METHOD,
    MOMENT,
    SECRET,
    SESSION_ID,
    a_charge,
    a_method,
    a_page,
    a_refund,
    a_session,
    an_error,
    an_intent,
    stripe_before,
)
from tests.adapters.yookassa_wire import told

PAYER = Customer(id="c-1", email="payer@example.org")
CHECKOUT = CheckoutRequest(
    reference="a-1",
    idempotency_key="key-1",
    money=Money.of(29900, "USD"),
    description="Клуб, март",
    return_url="https://shop.example.org/thanks",
    customer=PAYER,
    save_method=True,
    metadata={"invoice_id": "i-1"},
)
CHARGE = SavedChargeRequest(
    reference="a-1",
    idempotency_key="key-2",
    money=Money.of(29900, "USD"),
    description="",
    customer=PAYER,
    external_method_id=f"{CUSTOMER}/{METHOD}",
)
GIVE_BACK = RefundRequest(
    reference="r-1",
    idempotency_key="key-3",
    external_payment_id=INTENT_ID,
    money=Money.of(1000, "USD"),
    reason="asked by the customer",
)
OF_CHECKOUT = {"attempt_id": "a-1", "kazna_flow": "checkout"}

_read_intent = reader(wire.PaymentIntent, intent_snapshot)
_read_session = reader(wire.Session, session_snapshot)


def intent(**fields: Any) -> PaymentSnapshot:
    read = readable(_read_intent, json.dumps(an_intent(**fields)).encode())
    assert read is not None
    return read


def session(**fields: Any) -> PaymentSnapshot:
    read = readable(_read_session, json.dumps(a_session(**fields)).encode())
    assert read is not None
    return read


def sent(server: RawServer) -> tuple[str, dict[str, str], dict[str, str]]:
    line, *headers = server.requests[-1].decode("latin-1").rstrip("\r\n").split("\r\n")
    pairs = (header.split(": ", 1) for header in headers)
    fields = dict(parse_qsl(server.bodies[-1].decode()))
    return line, {name.lower(): value for name, value in pairs}, fields


async def charged(*answers: Any) -> Any:
    async with stripe_before(*answers) as (stripe, _):
        return await stripe.charge_saved(CHARGE)


async def test_a_checkout_is_one_authenticated_form_under_its_key() -> None:
    async with stripe_before(told(200, a_session())) as (stripe, server):
        outcome = await stripe.start_checkout(CHECKOUT)

        line, headers, fields = sent(server)
        assert line == "POST /v1/checkout/sessions HTTP/1.1"
        assert headers["authorization"] == f"Bearer {SECRET}"
        assert headers["stripe-version"] == "2024-06-20"
        assert headers["idempotency-key"] == "key-1"
        assert headers["content-type"] == "application/x-www-form-urlencoded"
        assert len(server.requests) == 1
    assert fields["line_items[0][price_data][unit_amount]"] == "29900"
    assert fields["line_items[0][price_data][currency]"] == "usd"
    assert fields["line_items[0][price_data][product_data][name]"] == "Клуб, март"
    assert fields["payment_intent_data[setup_future_usage]"] == "off_session"
    assert fields["payment_intent_data[metadata][attempt_id]"] == "a-1"
    assert fields["payment_intent_data[metadata][kazna_flow]"] == "checkout"
    assert fields["metadata[invoice_id]"] == "i-1"
    assert fields["customer_creation"] == "always"
    assert fields["success_url"] == "https://shop.example.org/thanks"
    assert isinstance(outcome, Accepted)
    assert outcome.snapshot.confirmation_url == a_session()["url"]
    assert outcome.snapshot.expires_at == datetime.fromtimestamp(MOMENT + 86_400, UTC)


async def test_a_charge_of_a_saved_method_names_its_customer_and_nobody_is_present() -> None:
    async with stripe_before(told(200, an_intent())) as (stripe, server):
        outcome = await stripe.charge_saved(CHARGE)
        line, _, fields = sent(server)

    assert line == "POST /v1/payment_intents HTTP/1.1"
    assert (fields["customer"], fields["payment_method"]) == (CUSTOMER, METHOD)
    assert (fields["confirm"], fields["off_session"]) == ("true", "true")
    assert (fields["amount"], fields["currency"]) == ("29900", "usd")
    assert fields["metadata[kazna_flow]"] == "saved"
    assert "description" not in fields
    assert isinstance(outcome, Succeeded)


@pytest.mark.parametrize(
    "wrong",
    [
        {"metadata": {"k" * 41: "v"}},
        {"metadata": {"k": "v" * 501}},
        {"metadata": {"": "v"}},
        {"metadata": {"a[b]": "v"}},
        {"metadata": {f"k{n}": "v" for n in range(49)}},
        {"idempotency_key": ""},
        {"idempotency_key": "k" * 256},
        {"idempotency_key": "with a space"},
        {"money": Money.of(750, "MGA")},
    ],
)
async def test_what_stripe_cannot_express_never_leaves(wrong: dict[str, Any]) -> None:
    request = SavedChargeRequest(
        **{**{name: getattr(CHARGE, name) for name in CHARGE.__slots__}, **wrong}
    )
    async with stripe_before(told(200, an_intent())) as (stripe, server):
        assert isinstance(await stripe.charge_saved(request), Rejected)
        assert server.connections == 0


def test_a_charge_is_read_to_the_last_field() -> None:
    shown = intent()

    assert shown.external_id == INTENT_ID
    assert shown.status is PaymentStatus.SUCCEEDED
    assert shown.money == shown.captured == Money.of(29900, "USD")
    assert shown.created_at == datetime.fromtimestamp(MOMENT, UTC)
    assert shown.captured_at == datetime.fromtimestamp(MOMENT + 9, UTC)
    assert shown.reference == "a-1"
    assert shown.test is True
    assert shown.method is not None
    assert shown.method.external_id == f"{CUSTOMER}/{METHOD}"
    assert shown.method.saved
    assert (shown.method.title, shown.method.last4) == ("Visa *4242", "4242")
    assert (shown.method.expires_month, shown.method.expires_year) == (8, 2030)


def test_what_is_kept_holds_nothing_that_could_be_charged_or_paid_at() -> None:
    kept = repr(intent().raw) + repr(session().raw)
    kept += repr(session(payment_intent=an_intent(status="requires_action")).raw)

    for secret in ("secret", METHOD, CUSTOMER, "checkout.stripe.com"):
        assert secret not in kept


@pytest.mark.parametrize(
    ("status", "error", "wanted", "reason"),
    [
        ("requires_payment_method", {"code": "expired_card"},
         PaymentStatus.CANCELED, DeclineReason.EXPIRED_CARD),
        ("requires_action", None, PaymentStatus.CANCELED, DeclineReason.AUTHENTICATION),
        ("processing", None, PaymentStatus.PENDING, None),
        ("requires_capture", None, PaymentStatus.AUTHORIZED, None),
        ("a_new_status", None, PaymentStatus.UNRECOGNIZED, None),
    ],
)  # fmt: skip
def test_nobody_comes_back_to_a_charge_of_a_saved_method(
    status: str, error: Any, wanted: PaymentStatus, reason: DeclineReason | None
) -> None:
    shown = intent(status=status, last_payment_error=error)

    assert shown.status is wanted
    assert (shown.decline.reason if shown.decline else None) is reason
    assert shown.captured.is_zero


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("requested_by_customer", DeclineReason.MERCHANT_CANCELED),
        ("duplicate", DeclineReason.MERCHANT_CANCELED),
        ("abandoned", DeclineReason.ABANDONED),
        ("automatic", DeclineReason.ABANDONED),
        (None, DeclineReason.ABANDONED),
        ("the_moon", DeclineReason.UNRECOGNIZED),
    ],
)
def test_a_canceled_payment_says_who_let_it_go(why: str | None, reason: DeclineReason) -> None:
    shown = intent(status="canceled", cancellation_reason=why)

    assert shown.decline is not None
    assert shown.decline.reason is reason


FAILED = {"status": "requires_payment_method", "last_payment_error": {"code": "expired_card"}}


@pytest.mark.parametrize(
    ("of_session", "of_intent", "wanted", "reason"),
    [
        ("open", None, PaymentStatus.PENDING, None),
        ("open", FAILED, PaymentStatus.PENDING, None),
        ("expired", None, PaymentStatus.CANCELED, DeclineReason.ABANDONED),
        ("expired", FAILED, PaymentStatus.CANCELED, DeclineReason.EXPIRED_CARD),
        ("expired", {}, PaymentStatus.SUCCEEDED, None),
        ("complete", {}, PaymentStatus.SUCCEEDED, None),
        ("complete", {"status": "requires_capture"}, PaymentStatus.AUTHORIZED, None),
        ("complete", {"status": "processing"}, PaymentStatus.PENDING, None),
        ("complete", None, PaymentStatus.UNRECOGNIZED, None),
        ("a_new_status", None, PaymentStatus.UNRECOGNIZED, None),
    ],
)
def test_a_session_and_its_payment_are_one(
    of_session: str, of_intent: Any, wanted: PaymentStatus, reason: DeclineReason | None
) -> None:
    inner = None if of_intent is None else an_intent(**of_intent, metadata=OF_CHECKOUT)

    shown = session(status=of_session, payment_intent=inner)

    assert shown.external_id == SESSION_ID
    assert shown.status is wanted
    assert (shown.decline.reason if shown.decline else None) is reason
    assert bool(shown.confirmation_url) is (
        wanted is PaymentStatus.PENDING and of_session == "open"
    )


def test_a_part_that_was_captured_and_a_part_that_went_back_are_told_apart() -> None:
    shown = intent(amount_received=20000, latest_charge=a_charge(amount_refunded=500))

    assert (shown.money, shown.captured) == (Money.of(29900, "USD"), Money.of(20000, "USD"))
    assert shown.refunded == Money.of(500, "USD")


async def test_a_decline_is_a_402_with_the_payment_in_it() -> None:
    failed = an_intent(**FAILED, latest_charge="ch_1", payment_method=None)
    error = an_error(
        "card_error", code="card_declined", decline_code="lost_card", payment_intent=failed
    )

    outcome = await charged(told(402, error))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.RESTRICTED
    assert outcome.decline.raw_code == "lost_card"
    assert outcome.snapshot is not None
    assert outcome.snapshot.external_id == INTENT_ID
    assert outcome.snapshot.reference == "a-1"


async def test_a_decline_without_a_payment_is_a_decline_all_the_same() -> None:
    outcome = await charged(told(402, an_error(code="card_declined")))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.ISSUER_DECLINED
    assert outcome.snapshot is None


async def test_a_method_that_belongs_to_nobody_any_more_was_revoked() -> None:
    refusal = told(400, an_error(param="payment_method"))

    revoked = await charged(refusal, told(200, a_method(customer=None)))
    another = await charged(refusal, told(200, a_method()))
    unasked = await charged(refusal, told(500, {}))
    elsewhere = await charged(
        told(400, an_error(param="amount")), told(200, a_method(customer=None))
    )

    assert isinstance(revoked, Declined)
    assert revoked.decline.reason is DeclineReason.CONSENT_REVOKED
    assert isinstance(another, Rejected)
    assert isinstance(unasked, Rejected)
    assert isinstance(elsewhere, Rejected)


@pytest.mark.parametrize(
    ("status", "error", "denied", "conflict"),
    [
        (400, an_error("idempotency_error"), False, True),
        (401, an_error(), True, False),
        (403, an_error(), True, False),
        (400, an_error(code="parameter_unknown", param="x"), False, False),
    ],
)
async def test_a_refusal_says_what_kind_it_is(
    status: int, error: Any, denied: bool, conflict: bool
) -> None:
    async with stripe_before(told(status, error)) as (stripe, _):
        outcome = await stripe.start_checkout(CHECKOUT)

    assert isinstance(outcome, Rejected)
    assert (outcome.access_denied, outcome.key_conflict) == (denied, conflict)


@pytest.mark.parametrize(
    "reply",
    [
        told(500, an_error("api_error")),
        told(409, an_error("idempotency_error", code="idempotency_key_in_use")),
        told(404, {"not": "stripe's"}),
        answer(400, b"<html>"),
        answer(200, b"<html>"),
        answer(200, b"{}"),
        told(200, an_intent(amount=1.5)),
        told(200, an_intent(amount="29900")),
        told(200, an_intent(amount=-1)),
        told(200, an_intent(amount=10**23)),
        told(200, an_intent(currency="rubles")),
        told(200, an_intent(created=10**15)),
        told(200, an_intent(object="charge")),
        told(200, an_intent(id="../secrets")),
    ],
)
async def test_what_cannot_be_understood_is_unknown_and_never_a_decline(reply: bytes) -> None:
    assert isinstance(await charged(reply), OutcomeUnknown)


async def test_too_many_requests_were_not_executed() -> None:
    outcome = await charged(told(429, an_error(code="rate_limit"), retry_after="2"))

    assert outcome == NotSent("the gateway is asked too often", 2.0)


async def test_a_replayed_answer_that_was_not_final_is_asked_about() -> None:
    first = told(200, an_intent(status="processing"), idempotent_replayed="true")
    async with stripe_before(first, told(200, an_intent())) as (stripe, server):
        outcome = await stripe.charge_saved(CHARGE)

        assert isinstance(outcome, Succeeded)
        assert sent(server)[0].startswith(f"GET /v1/payment_intents/{INTENT_ID}?")


async def test_a_replayed_answer_stands_where_nobody_can_be_asked() -> None:
    first = told(200, an_intent(status="processing"), idempotent_replayed="true")

    assert isinstance(await charged(first, told(500, {})), Accepted)


async def test_a_final_answer_is_not_asked_about_again() -> None:
    async with stripe_before(told(200, an_intent(), idempotent_replayed="true"), told(500, {})) as (
        stripe,
        server,
    ):
        assert isinstance(await stripe.charge_saved(CHARGE), Succeeded)
        assert len(server.requests) == 1


async def test_a_payment_of_a_session_is_known_by_the_session_whatever_it_is_asked_by() -> None:
    paid = an_intent(metadata=OF_CHECKOUT)
    of_it = a_page(a_session(status="complete", payment_intent=paid))
    async with stripe_before(told(200, paid), told(200, of_it)) as (stripe, _):
        found = await stripe.get_payment(INTENT_ID)

    assert isinstance(found, Found)
    assert found.snapshot.external_id == SESSION_ID


@pytest.mark.parametrize(
    ("reply", "wanted"),
    [
        (told(404, an_error(code="resource_missing")), Missing),
        (told(404, an_error()), Unreachable),
        (told(401, an_error()), Unreachable),
        (told(402, an_error()), Unreachable),
        (told(500, {}), Unreachable),
        (told(200, an_intent(id="pi_another")), Unreachable),
    ],
)
async def test_only_a_clear_no_makes_a_payment_missing(reply: bytes, wanted: type) -> None:
    async with stripe_before(reply) as (stripe, _):
        assert isinstance(await stripe.get_payment(INTENT_ID), wanted)


@pytest.mark.parametrize("external_id", ["", "a/b", "a?b", "a b", "x" * 256, "платёж"])
async def test_an_id_that_is_none_is_not_put_into_an_address(external_id: str) -> None:
    async with stripe_before(told(200, an_intent())) as (stripe, server):
        assert isinstance(await stripe.get_payment(external_id), Missing)
        assert isinstance(await stripe.get_refund(external_id), Rejected)
        assert server.connections == 0


async def test_a_refund_in_another_currency_is_refused_before_it_leaves() -> None:
    asked = RefundRequest(
        **{
            **{name: getattr(GIVE_BACK, name) for name in GIVE_BACK.__slots__},
            "money": Money.of(1000, "EUR"),
        }
    )
    async with stripe_before(told(200, an_intent())) as (stripe, server):
        assert isinstance(await stripe.refund(asked), Rejected)
        assert len(server.requests) == 1  # the look-up


async def test_a_refund_names_the_payment_it_is_of() -> None:
    async with stripe_before(told(200, an_intent()), told(200, a_refund())) as (stripe, server):
        outcome = await stripe.refund(GIVE_BACK)
        line, headers, fields = sent(server)

    assert line == "POST /v1/refunds HTTP/1.1"
    assert headers["idempotency-key"] == "key-3"
    assert (fields["payment_intent"], fields["amount"]) == (INTENT_ID, "1000")
    assert fields["metadata[kazna_payment]"] == INTENT_ID
    assert isinstance(outcome, RefundAnswered)
    assert outcome.snapshot.external_payment_id == INTENT_ID


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        ("succeeded", RefundStatus.SUCCEEDED),
        ("pending", RefundStatus.PENDING),
        ("requires_action", RefundStatus.PENDING),
        ("failed", RefundStatus.CANCELED),
        ("canceled", RefundStatus.CANCELED),
        (None, RefundStatus.UNRECOGNIZED),
    ],
)
async def test_a_refund_is_as_far_as_stripe_says(status: str | None, wanted: RefundStatus) -> None:
    shown = a_refund(status=status, failure_reason="lost_or_stolen_card")
    async with stripe_before(told(200, shown)) as (stripe, _):
        outcome = await stripe.get_refund(shown["id"])

    assert isinstance(outcome, RefundAnswered)
    assert outcome.snapshot.status is wanted
    assert (outcome.snapshot.decline is not None) is (wanted is RefundStatus.CANCELED)


async def test_a_payment_nobody_can_ask_about_is_not_changed() -> None:
    async with stripe_before(told(500, {})) as (stripe, server):
        assert isinstance(await stripe.refund(GIVE_BACK), NotSent)
        assert isinstance(await stripe.capture(INTENT_ID, idempotency_key="k"), NotSent)
        assert all(line.startswith(b"GET ") for line in server.requests)


@pytest.mark.parametrize(
    "replies",
    [
        [told(401, an_error())],
        [told(200, a_page(has_more=True))],
        [told(200, a_page(a_session(amount_total=None)))],
        [told(200, {"object": "list", "data": []})],
        [told(500, {})],
    ],
)
async def test_a_list_that_cannot_be_read_to_its_end_fails(replies: list[bytes]) -> None:
    async with stripe_before(*replies) as (stripe, _):
        with pytest.raises(ListingFailed):
            _ = [page async for page in stripe.list_payments(PaymentFilter())]


async def test_a_list_that_turns_in_a_circle_ends_with_a_failure() -> None:
    again = told(200, a_page(a_session(), has_more=True))
    async with stripe_before(again) as (stripe, server):
        with pytest.raises(ListingFailed):
            _ = [page async for page in stripe.list_payments(PaymentFilter())]
        assert len(server.requests) < 10


@pytest.mark.parametrize(
    "wanted",
    [
        PaymentFilter(captured_from=datetime(2026, 1, 1, tzinfo=UTC)),
        PaymentFilter(status=PaymentStatus.UNRECOGNIZED),
    ],
)
async def test_what_stripe_cannot_list_by_is_said_and_not_ignored(wanted: PaymentFilter) -> None:
    async with stripe_before(told(200, a_page())) as (stripe, server):
        with pytest.raises(ListingFailed):
            _ = [page async for page in stripe.list_payments(wanted)]
        assert server.connections == 0


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(an_intent())), _JSON)
def test_no_value_in_any_place_breaks_the_reader(name: str, value: Any) -> None:
    readable(_read_intent, json.dumps(an_intent(**{name: value})).encode())


@given(st.sampled_from(sorted(a_session())), _JSON)
def test_no_value_in_any_place_of_a_session_breaks_the_reader(name: str, value: Any) -> None:
    readable(_read_session, json.dumps(a_session(**{name: value})).encode())
