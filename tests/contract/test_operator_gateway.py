"""What every operator's adapter promises: outcomes, mishaps, tokens, questions and texts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    ChargeMode,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    Misconfigured,
    NeverHeard,
    NotSent,
    OperatorDecline,
    OutcomeUnknown,
    Paid,
    Postpaid,
    SmsRejected,
    SmsRequest,
    SmsSent,
    Unreachable,
)
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from tests.contract.operator_gateway import (
    BILLED_ALL_THE_SAME,
    NEVER_BILLED,
    Mishap,
    Operator,
    operator,
)
from tests.contract.operators import PROTOCOLS
from tests.contract.spoken import Spoken

NOBODY_LISTENS = "http://127.0.0.1:1"


def which(fits: Callable[[Spoken], bool]) -> pytest.MarkDecorator:
    """Run a test over the protocols that can do what it is about."""
    names = [name for name, spoken in PROTOCOLS.items() if fits(spoken)]
    return pytest.mark.parametrize("one", names, indirect=True)


every = which(lambda _: True)
charging = which(lambda spoken: spoken.mode is not ChargeMode.MANAGED)
texting = which(lambda spoken: spoken.sms)
DECLINES = [
    (name, reason)
    for name, spoken in PROTOCOLS.items()
    if spoken.mode is not ChargeMode.MANAGED
    for reason in sorted(spoken.reasons)
]


@pytest.fixture
async def one(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Operator]:
    async with operator(PROTOCOLS[request.param], tmp_path) as opened:
        yield opened


async def ended(one: Operator, request: ChargeRequest) -> ChargeOutcome:
    """Charge, and wait for the report where the answer only says "accepted"."""
    outcome = await one.gateway.charge(request)
    if one.spoken.mode is ChargeMode.SYNC:
        return outcome
    assert isinstance(outcome, Accepted), outcome
    report = await one.reported()
    assert report.token in (request.token, outcome.receipt.token)
    return report.outcome


def text_to(msisdn: Msisdn, text: str = "Your games: https://example.com/u/1") -> SmsRequest:
    return SmsRequest(id=str(uuid4()), msisdn=msisdn, text=text, service_code="games")


@every
async def test_it_answers_to_the_name_of_its_row(one: Operator) -> None:
    assert one.gateway.code == one.settings.code
    assert one.gateway.capabilities.mode is one.spoken.mode
    assert one.gateway.capabilities.sms is one.spoken.sms


@charging
async def test_a_charge_takes_the_money_once(one: Operator) -> None:
    request = one.request()

    outcome = await ended(one, request)

    assert isinstance(outcome, Paid)
    assert outcome.money == request.money
    assert outcome.receipt.token
    assert outcome.receipt.code
    assert await one.billed(request) == 1


@charging
async def test_a_charge_is_written_down_for_the_operator_log(one: Operator) -> None:
    request = one.request()

    outcome = await one.gateway.charge(request)

    assert isinstance(outcome, Paid | Accepted)
    assert one.spoken.canaries
    assert outcome.receipt.raw_request
    assert outcome.receipt.raw_response
    assert outcome.receipt.http_status == 200


@pytest.mark.parametrize(("one", "reason"), DECLINES, indirect=["one"])
async def test_a_decline_says_why_and_takes_nothing(one: Operator, reason: OperatorDecline) -> None:
    request = one.request()
    await one.becomes(request.msisdn, reason.value)

    outcome = await ended(one, request)

    assert isinstance(outcome, Declined)
    assert outcome.reason is reason
    assert outcome.retryable is (reason is not OperatorDecline.UNKNOWN_NUMBER)
    assert outcome.receipt.code
    assert await one.billed(request) == 0


@which(lambda spoken: spoken.mode is not ChargeMode.MANAGED and spoken.postpaid)
async def test_a_number_that_pays_later_is_never_charged(one: Operator) -> None:
    request = one.request()
    await one.becomes(request.msisdn, "postpaid")

    assert isinstance(await ended(one, request), Postpaid)
    assert await one.billed(request) == 0


@which(lambda spoken: spoken.mode is not ChargeMode.MANAGED and spoken.blacklisted)
async def test_a_number_the_operator_never_bills_is_told_apart(one: Operator) -> None:
    request = one.request()
    await one.becomes(request.msisdn, "blacklisted")

    assert isinstance(await ended(one, request), Blacklisted)
    assert await one.billed(request) == 0


@charging
@pytest.mark.parametrize("mishap", BILLED_ALL_THE_SAME)
async def test_an_answer_that_never_came_is_unknown_and_never_a_decline(
    one: Operator, mishap: Mishap
) -> None:
    request = one.request()
    await one.suffers(request.msisdn, mishap)

    outcome = await one.gateway.charge(request)

    assert isinstance(outcome, OutcomeUnknown)
    assert await one.billed(request) == 1


@charging
@pytest.mark.parametrize("mishap", NEVER_BILLED)
async def test_a_request_lost_on_the_way_is_unknown_too(one: Operator, mishap: Mishap) -> None:
    request = one.request()
    await one.suffers(request.msisdn, mishap)

    assert isinstance(await one.gateway.charge(request), OutcomeUnknown)
    assert await one.billed(request) == 0


@charging
async def test_a_throttled_request_was_not_executed_and_says_when_to_come_again(
    one: Operator,
) -> None:
    request = one.request()
    await one.suffers(request.msisdn, Mishap.THROTTLED)

    refused = await one.gateway.charge(request)

    assert isinstance(refused, NotSent)
    assert refused.retry_after_seconds
    assert await one.billed(request) == 0
    assert isinstance(await ended(one, request), Paid)
    assert await one.billed(request) == 1


@charging
async def test_an_operator_that_cannot_be_reached_was_sent_nothing(one: Operator) -> None:
    request = one.request()
    gateway = one.built(base_url=NOBODY_LISTENS)

    outcome = await gateway.charge(request)

    assert isinstance(outcome, NotSent)
    assert isinstance(await gateway.query(request.token, request.msisdn), Unreachable)
    await gateway.aclose()


@charging
async def test_a_silent_operator_is_asked_rarely_and_told_nothing_meanwhile(one: Operator) -> None:
    await one.configure(
        outages=[{"from": "2026-03-01T11:00:00+00:00", "to": "2026-03-01T13:00:00+00:00"}]
    )
    said = [await one.gateway.charge(one.request()) for _ in range(12)]

    assert all(isinstance(outcome, OutcomeUnknown | NotSent) for outcome in said)
    assert isinstance(said[-1], NotSent)
    assert await one.lists("billing") == []


@charging
async def test_wrong_credentials_are_ours_to_put_right(one: Operator) -> None:
    request = one.request()
    wrong = {name: f"wrong-{text}" for name, text in one.spoken.canaries.items()}
    gateway = one.built(secrets=wrong)

    assert isinstance(await gateway.charge(request), Misconfigured)
    assert await one.billed(request) == 0
    await gateway.aclose()


@charging
async def test_a_charge_that_cannot_be_meant_leaves_nothing(one: Operator) -> None:
    price = one.spoken.price_minor
    foreign = one.request(Msisdn("15551234567"))
    dollars = one.request(money=Money.of(price, "USD"))
    nothing = one.request(money=Money.of(0, one.spoken.currency))
    refund = one.request(money=Money.of(-price, one.spoken.currency))

    for request in (foreign, dollars, nothing, refund):
        assert isinstance(await one.gateway.charge(request), Misconfigured)
    assert await one.lists("charges") == []


@which(lambda spoken: spoken.mode is ChargeMode.MANAGED)
async def test_an_operator_that_charges_by_itself_is_never_asked_to(one: Operator) -> None:
    assert isinstance(await one.gateway.charge(one.request()), Misconfigured)
    assert await one.lists("billing") == []


@which(lambda spoken: spoken.keeps_keys)
async def test_the_same_token_bills_once_however_often_it_comes(one: Operator) -> None:
    request = one.request()

    outcomes = await asyncio.gather(*(one.gateway.charge(request) for _ in range(10)))

    assert {type(outcome) for outcome in outcomes} <= {Paid, Accepted}
    assert len({outcome.receipt.token for outcome in outcomes}) == 1  # type: ignore[union-attr]
    assert await one.billed(request) == 1


@which(lambda spoken: spoken.keeps_keys)
@pytest.mark.parametrize("mishap", BILLED_ALL_THE_SAME)
async def test_the_same_token_after_an_unknown_outcome_bills_nobody_twice(
    one: Operator, mishap: Mishap
) -> None:
    request = one.request()
    await one.suffers(request.msisdn, mishap)
    assert isinstance(await one.gateway.charge(request), OutcomeUnknown)

    again = await one.gateway.charge(request)

    assert isinstance(again, Paid | Accepted)
    assert await one.billed(request) == 1


@which(lambda spoken: spoken.keeps_keys)
async def test_a_token_that_stands_for_another_charge_is_refused(one: Operator) -> None:
    request = one.request()
    await one.gateway.charge(request)

    other = one.request(request.msisdn, token=request.token, money=request.money + request.money)

    assert isinstance(await one.gateway.charge(other), Misconfigured)
    assert await one.billed(request) == 1


@charging
async def test_a_charge_nobody_made_was_never_heard_of(one: Operator) -> None:
    request = one.request()

    said = await one.gateway.query(request.token, request.msisdn)

    assert isinstance(said, NeverHeard if one.gateway.capabilities.query else Unreachable)


@charging
async def test_a_question_tells_how_an_unknown_charge_ended(one: Operator) -> None:
    paid, poor = one.request(), one.request()
    await one.becomes(poor.msisdn, "insufficient_funds")
    for request in (paid, poor):
        await one.suffers(request.msisdn, Mishap.HUNG_UP_AFTER_BILLING)
        assert isinstance(await one.gateway.charge(request), OutcomeUnknown)

    of_paid = await one.gateway.query(paid.token, paid.msisdn)
    of_poor = await one.gateway.query(poor.token, poor.msisdn)

    if not one.gateway.capabilities.query:
        assert isinstance(of_paid, Unreachable)
        assert isinstance(of_poor, Unreachable)
        return
    assert isinstance(of_paid, Paid)
    assert of_paid.money == paid.money
    assert isinstance(of_poor, Declined)
    assert of_poor.reason is OperatorDecline.INSUFFICIENT_FUNDS


@which(lambda spoken: spoken.mode is ChargeMode.ASYNC)
async def test_a_charge_is_open_until_the_operator_says_otherwise(one: Operator) -> None:
    request = one.request()
    await one.will(request.msisdn, {"verdict": "pending"})
    assert isinstance(await one.gateway.charge(request), Accepted)
    if one.gateway.capabilities.query:
        said = await one.gateway.query(request.token, request.msisdn)
        assert isinstance(said, Accepted)

    await one.does(f"charges/{request.token}/settle", {"verdict": "prepaid"})

    report = await one.reported()
    assert isinstance(report.outcome, Paid)
    assert await one.billed(request) == 1


@texting
async def test_a_text_arrives_as_it_was_written(one: Operator) -> None:
    english, other = one.number(), one.number()

    said = [
        await one.gateway.send_sms(text_to(english)),
        await one.gateway.send_sms(text_to(other, "Игры: ещё & 100 %")),
    ]

    assert all(isinstance(outcome, SmsSent) for outcome in said)
    kept = {text["msisdn"]: text["text"] for text in await one.lists("sms")}
    assert kept == {
        english.digits: "Your games: https://example.com/u/1",
        other.digits: "Игры: ещё & 100 %",
    }
    assert await one.lists("billing") == []


@which(lambda spoken: spoken.sms and spoken.sms_rejects)
async def test_a_text_nobody_can_get_is_rejected(one: Operator) -> None:
    msisdn = one.number()
    await one.becomes(msisdn, "unknown_number")

    assert isinstance(await one.gateway.send_sms(text_to(msisdn)), SmsRejected)
    assert await one.lists("sms") == []


@texting
async def test_a_text_whose_answer_never_came_is_unknown(one: Operator) -> None:
    msisdn = one.number()
    await one.will(msisdn, {"fault": "drop_after_commit"}, to="sms")

    assert isinstance(await one.gateway.send_sms(text_to(msisdn)), OutcomeUnknown)


@which(lambda spoken: not spoken.sms)
async def test_an_operator_without_texts_rejects_them(one: Operator) -> None:
    assert isinstance(await one.gateway.send_sms(text_to(one.number())), SmsRejected)
