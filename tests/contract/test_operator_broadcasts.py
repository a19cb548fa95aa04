"""What an operator that charges by itself promises of the texts of days."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from application.carrier.gateway import (
    BroadcastRejected,
    BroadcastRequest,
    BroadcastTaken,
    NotSent,
    OutcomeUnknown,
    Paid,
)
from tests.contract.operator_gateway import Operator, operator
from tests.contract.operators import PROTOCOLS
from tests.contract.test_operator_gateway import NOBODY_LISTENS, which

broadcasting = which(lambda spoken: spoken.broadcasts)
DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)


@pytest.fixture
async def one(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Operator]:
    async with operator(PROTOCOLS[request.param], tmp_path) as opened:
        yield opened


def text(one: Operator, day: date = DAY, said: str = "Пейте воду & 100 %") -> BroadcastRequest:
    return BroadcastRequest(service_code=one.spoken.service, day=day, text=said)


@which(lambda spoken: not spoken.broadcasts)
async def test_who_broadcasts_nothing_says_so(one: Operator) -> None:
    assert not one.gateway.capabilities.broadcast
    assert isinstance(await one.gateway.broadcast(text(one)), BroadcastRejected)


@broadcasting
async def test_a_text_is_taken_once_a_day(one: Operator) -> None:
    assert one.gateway.capabilities.broadcast

    said = [await one.gateway.broadcast(text(one, day)) for day in (DAY, DAY, NEXT)]

    assert [type(each) for each in said] == [BroadcastTaken, BroadcastRejected, BroadcastTaken]
    assert said[0].receipt.token  # type: ignore[union-attr]
    first, second = await one.lists("kept", kind="broadcast")
    assert "Пейте воду & 100 %" in first["body"]
    assert first["key"] != second["key"]


@broadcasting
async def test_subscribers_are_charged_for_it_and_those_who_left_are_not(one: Operator) -> None:
    stays, leaves = one.number(), one.number()
    for msisdn in (stays, leaves):
        await one.does("mo", {"kind": "mo", "msisdn": msisdn.digits, "text": "GO"})
        await one.told()
    await one.does("mo", {"kind": "mo", "msisdn": leaves.digits, "text": "stop"})
    await one.told()

    await one.gateway.broadcast(text(one))
    report = await one.reported()

    assert isinstance(report.outcome, Paid)
    assert (report.msisdn, report.service_code) == (stays, one.spoken.service)
    (bill,) = await one.lists("billing")
    assert (bill["msisdn"], bill["token"]) == (stays.digits, report.token)
    assert bill["amount_minor"] == report.outcome.money.amount_minor


@broadcasting
async def test_a_text_whose_answer_never_came_is_unknown(one: Operator) -> None:
    await one.does("faults", [{"kind": "drop_after_commit", "operation": "broadcast"}])

    assert isinstance(await one.gateway.broadcast(text(one)), OutcomeUnknown)
    assert len(await one.lists("kept", kind="broadcast")) == 1


@broadcasting
async def test_an_operator_that_cannot_be_reached_was_given_nothing(one: Operator) -> None:
    gateway = one.built(base_url=NOBODY_LISTENS)
    assert isinstance(await gateway.broadcast(text(one)), NotSent)
    await gateway.aclose()


@broadcasting
async def test_a_service_or_credentials_it_does_not_know_are_refused(one: Operator) -> None:
    unknown = BroadcastRequest(service_code="none", day=DAY, text="x")
    wrong = {name: f"wrong-{secret}" for name, secret in one.spoken.canaries.items()}
    gateway = one.built(secrets=wrong)

    for said in (await one.gateway.broadcast(unknown), await gateway.broadcast(text(one))):
        assert isinstance(said, BroadcastRejected)
    assert await one.lists("kept", kind="broadcast") == []
    await gateway.aclose()
