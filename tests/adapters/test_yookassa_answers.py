"""What the adapter makes of YooKassa's answers, of broken ones too."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.reading import readable, reader
from adapters.providers.yookassa import wire
from adapters.providers.yookassa.translate import payment_snapshot, refund_snapshot
from application.payments.provider import (
    Accepted,
    Declined,
    Found,
    ListingFailed,
    Missing,
    NotSent,
    OutcomeUnknown,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
    RefundStatus,
    Rejected,
    Succeeded,
    Unreachable,
)
from domain.payments.declines import DeclineReason
from domain.shared.money import Money
from tests.adapters.raw_server import answer, hang_up
from tests.adapters.test_yookassa_requests import A_REFUND, CHARGE, GIVE_BACK
from tests.adapters.yookassa_wire import (
    PAYMENT_ID,
    Pauses,
    a_payment,
    an_error,
    told,
    yookassa_before,
)

read_payment = reader(wire.Payment, payment_snapshot)


def snapshot(**fields: Any) -> PaymentSnapshot:
    read = readable(read_payment, json.dumps(a_payment(**fields)).encode())
    assert read is not None
    return read


async def charged(*answers: Any) -> Any:
    async with yookassa_before(*answers) as (yookassa, _):
        return await yookassa.charge_saved(CHARGE)


async def looked_up(*answers: Any) -> Any:
    async with yookassa_before(*answers) as (yookassa, _):
        return await yookassa.get_payment(PAYMENT_ID)


def test_a_payment_is_read_whole() -> None:
    read = snapshot(refunded_amount={"value": "0.50", "currency": "RUB"})

    assert read.provider == "yookassa"
    assert read.external_id == PAYMENT_ID
    assert read.money == read.captured == Money.of(200, "RUB")
    assert read.refunded == Money.of(50, "RUB")
    assert read.created_at == datetime(2019, 1, 22, 14, 30, 45, 129000, tzinfo=UTC)
    assert read.captured_at == datetime(2019, 1, 22, 14, 31, 0, 1000, tzinfo=UTC)
    assert read.reference == "a-1"
    assert read.test
    assert read.method is not None
    assert (read.method.last4, read.method.first6) == ("4444", "555555")
    assert (read.method.expires_month, read.method.expires_year) == (7, 2022)


def test_what_is_kept_holds_the_last_four_digits_only() -> None:
    kept = json.dumps(snapshot(confirmation={"type": "redirect", "confirmation_url": "u"}).raw)

    assert "4444" in kept
    assert "555555" not in kept
    assert kept.count(PAYMENT_ID) == 1  # the payment's own id; the method's is a token
    assert "confirmation" not in kept


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": "pending", "paid": False}, PaymentStatus.PENDING),
        ({"status": "waiting_for_capture"}, PaymentStatus.AUTHORIZED),
        ({"status": "canceled", "paid": False}, PaymentStatus.CANCELED),
        ({"status": "succeeded", "paid": False}, PaymentStatus.UNRECOGNIZED),
        ({"status": "paused_by_aliens"}, PaymentStatus.UNRECOGNIZED),
        ({"status": ""}, PaymentStatus.UNRECOGNIZED),
    ],
)
def test_a_status_is_what_it_says_or_unrecognized(
    fields: dict[str, Any], status: PaymentStatus
) -> None:
    read = snapshot(**fields)

    assert read.status is status
    assert read.captured.is_zero
    assert read.raw["status"] == fields["status"]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("3d_secure_failed", DeclineReason.AUTHENTICATION),
        ("call_issuer", DeclineReason.ISSUER_DECLINED),
        ("canceled_by_merchant", DeclineReason.MERCHANT_CANCELED),
        ("card_expired", DeclineReason.EXPIRED_CARD),
        ("country_forbidden", DeclineReason.RESTRICTED),
        ("deal_expired", DeclineReason.UNRECOGNIZED),
        ("expired_on_capture", DeclineReason.ABANDONED),
        ("expired_on_confirmation", DeclineReason.ABANDONED),
        ("fraud_suspected", DeclineReason.FRAUD),
        ("general_decline", DeclineReason.ISSUER_DECLINED),
        ("identification_required", DeclineReason.LIMIT_EXCEEDED),
        ("insufficient_funds", DeclineReason.INSUFFICIENT_FUNDS),
        ("internal_timeout", DeclineReason.PROCESSOR_ERROR),
        ("invalid_card_number", DeclineReason.INVALID_CARD),
        ("invalid_csc", DeclineReason.INVALID_CARD),
        ("issuer_unavailable", DeclineReason.ISSUER_UNAVAILABLE),
        ("loan_declined", DeclineReason.UNRECOGNIZED),
        ("payment_method_limit_exceeded", DeclineReason.LIMIT_EXCEEDED),
        ("payment_method_restricted", DeclineReason.RESTRICTED),
        ("permission_revoked", DeclineReason.CONSENT_REVOKED),
        ("rejected_by_timeout", DeclineReason.PROCESSOR_ERROR),
        ("unknown", DeclineReason.ISSUER_DECLINED),
        ("unsupported_mobile_operator", DeclineReason.UNRECOGNIZED),
        ("a_reason_of_tomorrow", DeclineReason.UNRECOGNIZED),
    ],
)
async def test_every_reason_has_its_neutral_word(code: str, reason: DeclineReason) -> None:
    details = {"party": "payment_network", "reason": code}
    canceled = a_payment(status="canceled", paid=False, cancellation_details=details)

    outcome = await charged(told(200, canceled))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is reason
    assert outcome.decline.raw_code == code


async def test_a_cancellation_without_a_reason_is_unrecognized() -> None:
    outcome = await charged(told(200, a_payment(status="canceled", paid=False)))

    assert isinstance(outcome, Declined)
    assert outcome.decline.reason is DeclineReason.UNRECOGNIZED


async def test_a_status_of_tomorrow_keeps_the_id_so_that_a_person_can_look() -> None:
    outcome = await charged(told(200, a_payment(status="paused_by_aliens")))

    assert isinstance(outcome, Accepted)
    assert outcome.snapshot.status is PaymentStatus.UNRECOGNIZED
    assert outcome.snapshot.external_id == PAYMENT_ID


def test_metadata_of_any_type_comes_back_as_text() -> None:
    read = snapshot(metadata={"attempt_id": 17, "price": 123.32, "flag": True})

    assert read.reference == "17"
    assert read.metadata == {"attempt_id": "17", "price": "123.32", "flag": "True"}


def test_a_payment_without_metadata_has_no_reference() -> None:
    assert snapshot(metadata=None).reference is None


def test_a_nul_in_a_title_does_not_reach_a_text_column() -> None:
    method = {"type": "bank_card", "id": "m", "title": "a\0b"}

    read = snapshot(payment_method=method, metadata={"a": "c\0", "b": "\\u0000"})

    assert read.method is not None
    assert read.method.title == read.raw["payment_method"]["title"] == "a\ufffdb"
    assert read.metadata["a"] == "c\ufffd"
    assert "\0" not in read.metadata["b"]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"amount": {"value": "2.001", "currency": "RUB"}}, id="a tenth of a kopeck"),
        pytest.param({"amount": {"value": "1E+3", "currency": "RUB"}}, id="an exponent"),
        pytest.param({"amount": {"value": "NaN", "currency": "RUB"}}, id="not a number"),
        pytest.param({"amount": {"value": 2.0, "currency": "RUB"}}, id="a float"),
        pytest.param({"amount": {"value": "٢", "currency": "RUB"}}, id="foreign digits"),
        pytest.param({"amount": {"value": "2.00", "currency": "rub"}}, id="no currency"),
        pytest.param({"amount": None}, id="no amount"),
        pytest.param({"created_at": "2019-01-22T14:30:45"}, id="no time zone"),
        pytest.param({"created_at": "9999-12-31T23:59:59-14:00"}, id="after the end of time"),
        pytest.param({"created_at": "0001-01-01T00:00:00+14:00"}, id="before its beginning"),
        pytest.param({"id": "../x"}, id="an id that is a path"),
        pytest.param({"id": ""}, id="no id"),
    ],
)
async def test_a_payment_that_cannot_be_trusted_is_unknown_not_guessed(
    fields: dict[str, Any],
) -> None:
    assert isinstance(await charged(told(200, a_payment(**fields))), OutcomeUnknown)
    assert isinstance(await looked_up(told(200, a_payment(**fields))), Unreachable)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"id":',
        b"<html>",
        b"[" * 100_000,
        b'"\xed\xa0\x80"',
    ],
    ids=repr,
)
async def test_a_body_that_is_no_payment_is_unknown(body: bytes) -> None:
    assert isinstance(await charged(answer(200, body)), OutcomeUnknown)
    assert isinstance(await looked_up(answer(200, body)), Unreachable)


@pytest.mark.parametrize(
    ("found", "put"),
    [
        pytest.param(b'"100700"', b"[" * 100_000 + b"]" * 100_000, id="deep"),
        pytest.param(b"Bank card", b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"Bank card", rb"\ud800", id="half a character"),
    ],
)
async def test_a_payment_with_something_vile_inside_is_unknown(found: bytes, put: bytes) -> None:
    body = json.dumps(a_payment()).encode()
    assert found in body

    assert isinstance(await charged(answer(200, body.replace(found, put))), OutcomeUnknown)


async def test_an_answer_about_another_payment_is_no_answer() -> None:
    other = told(200, a_payment(id="another"))

    assert isinstance(await looked_up(other), Unreachable)
    async with yookassa_before(other) as (yookassa, _):
        captured = await yookassa.capture(PAYMENT_ID, idempotency_key="k")
    assert isinstance(captured, OutcomeUnknown)


async def test_an_answer_about_another_refund_is_no_answer() -> None:
    async with yookassa_before(told(200, A_REFUND)) as (yookassa, _):
        assert isinstance(await yookassa.get_refund("another"), OutcomeUnknown)


async def test_a_refused_request_says_what_was_wrong() -> None:
    error = an_error("invalid_request", "Incorrect amount", parameter="amount.value")

    outcome = await charged(told(400, error))

    assert outcome == Rejected("invalid_request", "Incorrect amount", "amount.value")


@pytest.mark.parametrize("text", ["Duplicate idempotence key", "Idempotence key duplicated"])
async def test_a_used_key_is_a_conflict_in_both_wordings(text: str) -> None:
    outcome = await charged(told(400, an_error("invalid_request", text)))

    assert isinstance(outcome, Rejected)
    assert outcome.key_conflict


@pytest.mark.parametrize(
    "reply",
    [
        told(401, an_error("invalid_credentials", "Error in shopId or secret key")),
        told(403, an_error("forbidden", "Forbidden to use saved payment method")),
        answer(403, b"<html>blocked</html>"),
    ],
)
async def test_denied_access_stops_the_work_instead_of_the_payment(reply: bytes) -> None:
    outcome = await charged(reply)

    assert isinstance(outcome, Rejected)
    assert outcome.access_denied
    assert isinstance(await looked_up(reply), Unreachable)


async def test_only_the_gateway_itself_can_say_that_a_payment_is_missing() -> None:
    assert isinstance(await looked_up(told(404, an_error("not_found", "no payment"))), Missing)
    assert isinstance(await looked_up(answer(404, b"<html>nginx</html>")), Unreachable)
    assert isinstance(await charged(answer(404, b"<html>nginx</html>")), OutcomeUnknown)


async def test_milliseconds_to_wait_are_read_from_the_body() -> None:
    throttled = await charged(told(429, an_error("too_many_requests", "", retry_after=1800)))
    unfinished = await charged(
        told(202, {"type": "error", "code": "request_accepted", "retry_after": 1800})
    )

    assert isinstance(throttled, NotSent)
    assert isinstance(unfinished, OutcomeUnknown)
    assert throttled.retry_after_seconds == unfinished.retry_after_seconds == 1.8


@pytest.mark.parametrize(
    ("status", "reason"),
    [("pending", None), ("succeeded", None), ("canceled", DeclineReason.INSUFFICIENT_FUNDS)],
)
def test_a_refund_is_read_with_its_reason(status: str, reason: DeclineReason | None) -> None:
    details = {"party": "yoo_money", "reason": "insufficient_funds"}
    raw = {**A_REFUND, "status": status, "cancellation_details": details}

    read = readable(reader(wire.Refund, refund_snapshot), json.dumps(raw).encode())

    assert read is not None
    assert read.status is RefundStatus(status)
    assert (read.decline.reason if read.decline else None) is reason


async def test_a_refund_status_of_tomorrow_is_unrecognized() -> None:
    async with yookassa_before(told(200, {**A_REFUND, "status": "on_the_moon"})) as (yookassa, _):
        outcome = await yookassa.refund(GIVE_BACK)

    assert outcome.snapshot.status is RefundStatus.UNRECOGNIZED  # type: ignore[union-attr]


class TestPages:
    """A listing is whole, or it fails."""

    FIRST = told(200, {"type": "list", "items": [a_payment()], "next_cursor": "c 1"})
    LAST = told(200, {"type": "list", "items": [a_payment(id="last")]})

    async def ids(self, *answers: Any, pauses: Pauses | None = None) -> tuple[list[str], list[str]]:
        async with yookassa_before(*answers, pauses=pauses) as (yookassa, server):
            read: list[str] = []
            try:
                async for page in yookassa.list_payments(PaymentFilter()):
                    read += [payment.external_id for payment in page]
            finally:
                asked = [line.split(b" ")[1].decode() for line in server.requests]
            return read, asked

    async def test_the_cursor_is_followed_to_the_last_page(self) -> None:
        read, asked = await self.ids(self.FIRST, self.LAST)

        assert read == [PAYMENT_ID, "last"]
        assert asked == ["/v3/payments?limit=100", "/v3/payments?limit=100&cursor=c+1"]

    @pytest.mark.parametrize(
        "broken",
        [
            hang_up,
            answer(500),
            answer(200, b"<html>"),
            told(429, an_error("too_many_requests", "")),
        ],
        ids=["hung up", "500", "html", "429"],
    )
    async def test_a_page_that_broke_is_asked_for_again_at_the_same_cursor(
        self, broken: Any
    ) -> None:
        read, asked = await self.ids(self.FIRST, broken, broken, broken, self.LAST)

        assert read == [PAYMENT_ID, "last"]
        assert len(set(asked[1:])) == 1

    async def test_a_page_that_stays_broken_fails_the_listing_after_four_tries(self) -> None:
        pauses = Pauses()

        with pytest.raises(ListingFailed):
            await self.ids(self.FIRST, answer(500), pauses=pauses)

        assert pauses.seconds == [0.5, 1.0, 2.0]

    async def test_a_stated_pause_is_kept_up_to_five_seconds(self) -> None:
        pauses = Pauses()

        await self.ids(
            answer(429, retry_after="3"), answer(503, retry_after="99"), self.LAST, pauses=pauses
        )

        assert pauses.seconds == [3.0, 5.0]

    async def test_a_refused_listing_is_not_asked_for_again(self) -> None:
        pauses = Pauses()

        with pytest.raises(ListingFailed, match="invalid_credentials"):
            await self.ids(told(401, an_error("invalid_credentials", "no")), pauses=pauses)

        assert pauses.seconds == []

    async def test_a_cursor_that_comes_back_fails_instead_of_turning_for_ever(self) -> None:
        with pytest.raises(ListingFailed, match="circle"):
            await self.ids(self.FIRST)

    async def test_one_payment_that_cannot_be_read_fails_its_page(self) -> None:
        page = {"type": "list", "items": [a_payment(), a_payment(amount=None)]}

        with pytest.raises(ListingFailed):
            await self.ids(told(200, page))

    async def test_payments_cannot_be_listed_by_a_status_without_a_name(self) -> None:
        async with yookassa_before(self.LAST) as (yookassa, server):
            with pytest.raises(ListingFailed):
                async for _ in yookassa.list_payments(
                    PaymentFilter(status=PaymentStatus.UNRECOGNIZED)
                ):
                    pass
            assert server.requests == []

    async def test_a_lost_page_makes_a_reference_unreachable_not_missing(self) -> None:
        now = datetime(2026, 3, 1, tzinfo=UTC)
        async with yookassa_before(self.FIRST, answer(500)) as (yookassa, _):
            answered = await yookassa.find_by_reference("never", created_from=now, created_to=now)

        assert isinstance(answered, Unreachable)


async def test_a_found_payment_is_found() -> None:
    assert isinstance(await looked_up(told(200, a_payment())), Found)
    assert isinstance(await charged(told(200, a_payment())), Succeeded)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reader(body: bytes) -> None:
    assert readable(read_payment, body) is None


@given(st.dictionaries(st.sampled_from(sorted(a_payment())), JSON, max_size=4))
def test_no_value_in_any_place_breaks_the_reader(fields: dict[str, Any]) -> None:
    read = readable(read_payment, json.dumps(a_payment(**fields)).encode())

    assert read is None or read.provider == "yookassa"
