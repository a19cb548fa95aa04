"""Any history of one number, with answers twice, late and out of order, ends with the books right.

The operator answers at random: it pays, declines, bills and vanishes, or promises a report that
comes now, later, twice or never. The subscriber orders and stops; days pass; jobs run twice.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapters.memory.operator import BILL_AND_VANISH
from application.carrier.gateway import (
    ChargeMode,
    ChargeReported,
    Declined,
    NotSent,
    OperatorDecline,
    OperatorReceipt,
    OutcomeUnknown,
    UnsubscribeRequested,
)
from domain.shared.msisdn import Msisdn
from tests.integration.billing.conftest import check_invariants
from tests.integration.carrier.house import START, CarrierHouse, carrier_house

_RECEIPT = OperatorReceipt(token="", code="112")
_NO_FUNDS = Declined(_RECEIPT, OperatorDecline.INSUFFICIENT_FUNDS)
_ANSWERS = {
    "pays": None,
    "declines": _NO_FUNDS,
    "bills and vanishes": BILL_AND_VANISH,
    "vanishes": OutcomeUnknown("read timeout"),
    "was not reached": NotSent("connection refused"),
}


class NumberMachine(RuleBasedStateMachine):
    home: ClassVar[CarrierHouse]
    runner: ClassVar[asyncio.Runner]
    numbers: ClassVar[Iterator[int]] = count(923_000_000_000)
    events: ClassVar[Iterator[int]] = count()

    def _do(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return self.runner.run(done())

    @initialize(mode=st.sampled_from([ChargeMode.SYNC, ChargeMode.ASYNC]), asks=st.booleans())
    def begin(self, mode: ChargeMode, asks: bool) -> None:
        # A history never depends on those before it: their number is gone, and so is their time.
        self._do(self._forget_the_last())
        self.number = Msisdn(str(next(self.numbers)))
        self.gateway = self.home.operators.by_code["mobilink"]
        self.gateway.mode, self.gateway.can_query = mode, asks
        self.reports: list[ChargeReported] = []
        self.reported: set[str] = set()

    async def _forget_the_last(self) -> None:
        self.home.clock.instant = START
        async with self.home.open_uow() as uow:
            await uow.driver.execute("DELETE FROM message")
            await uow.driver.execute(
                "UPDATE payment SET next_ask_at = '2200-01-01' WHERE next_ask_at IS NOT NULL"
            )
            await uow.driver.execute(
                "UPDATE subscription SET renew_at = NULL, expires_at = NULL "
                "WHERE operator IS NOT NULL"
            )
            await uow.commit()
        self.gateway_script().clear()

    def gateway_script(self) -> dict[Any, Any]:
        return self.home.operators.by_code["mobilink"].script

    @rule(answer=st.sampled_from(sorted(_ANSWERS)))
    def the_operator_will_answer(self, answer: str) -> None:
        if _ANSWERS[answer] is not None:
            self.gateway.will(self.number, _ANSWERS[answer])

    @rule(times=st.integers(1, 3))
    def orders(self, times: int) -> None:
        order = self.home.order(self.number)
        self._do(self.home.ordered(*[order] * times))

    @rule()
    def two_orders_at_once(self) -> None:
        self._do(self.home.ordered(self.home.order(self.number), self.home.order(self.number)))

    @rule()
    def says_stop(self) -> None:
        stop = UnsubscribeRequested(event_id=f"s-{next(self.events)}", msisdn=self.number)
        self._do(self.home.reported(stop))

    @rule(hours=st.integers(1, 60), twice=st.booleans())
    def time_passes_and_jobs_run(self, hours: int, twice: bool) -> None:
        self.home.clock.advance(timedelta(hours=hours))
        for job in ("periodic", "retries", "ask-open-payments"):
            self._do(self.home.job(job))
            if twice:
                self._do(self.home.job(job))
            self._do(self.home.carry_out())

    @precondition(lambda self: self._waiting())
    @rule(data=st.data(), pays=st.booleans(), times=st.integers(1, 2))
    def a_report_comes(self, data: st.DataObject, pays: bool, times: int) -> None:
        request = data.draw(st.sampled_from(self._waiting()))
        self.reported.add(request.token)
        event_id = f"r-{next(self.events)}"
        if pays:
            report = self.gateway.report(request, event_id)
        else:
            declined = Declined(
                OperatorReceipt(token=request.token, code="112"),
                OperatorDecline.INSUFFICIENT_FUNDS,
            )
            report = ChargeReported(event_id=event_id, outcome=declined, token=request.token)
        self.reports.append(report)
        self._do(self.home.reported(*[report] * times))

    @precondition(lambda self: self.reports)
    @rule(data=st.data())
    def an_old_report_comes_again(self, data: st.DataObject) -> None:
        self._do(self.home.reported(data.draw(st.sampled_from(self.reports))))

    def _waiting(self) -> list[Any]:
        """Charges the operator promised to report on and has not yet."""
        if self.gateway.mode is not ChargeMode.ASYNC:
            return []
        billed = {line.token for line in self.gateway.billed}
        return [
            request
            for request in self.gateway.asked
            if request.msisdn == self.number
            and request.token not in self.reported
            and request.token not in billed
        ]

    @invariant()
    def at_most_one_subscription_lives(self) -> None:
        live = [one for one in self._do(self.home.subscriptions(self.number)) if one.is_live]
        assert len(live) <= 1

    @invariant()
    def a_period_is_paid_at_most_once(self) -> None:
        paid = Counter(
            attempt["invoice_id"]
            for attempt in self._do(self.home.attempts(self.number))
            if attempt["captured_minor"] is not None
        )
        assert all(times == 1 for times in paid.values())

    @invariant()
    def what_is_booked_was_billed(self) -> None:
        billed = {one.token for one in self.gateway.billed if one.msisdn == self.number}
        attempts = self._do(self.home.attempts(self.number))
        booked = {a["external_id"] for a in attempts if a["captured_minor"] is not None}
        assert booked <= billed
        open_ = {str(a["id"]) for a in attempts if a["status"] in ("sent", "accepted", "unknown")}
        assert billed - booked <= open_


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as made:
        yield made


def test_any_history_of_a_number_ends_with_the_books_right(
    runner: asyncio.Runner, database_url: str, redis_url: str
) -> None:
    context = carrier_house(database_url, redis_url)

    async def opened() -> CarrierHouse:
        home = await context.__aenter__()
        await home.operator()
        await home.service(delay_hours=12, retry_days=3)
        return home

    async def closed() -> None:
        await check_invariants(NumberMachine.home)
        await context.__aexit__(None, None, None)

    NumberMachine.runner = runner
    NumberMachine.home = runner.run(opened())
    try:
        run_state_machine_as_test(
            NumberMachine,
            settings=settings(
                max_examples=60,
                stateful_step_count=25,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        runner.run(closed())
