"""A renewal whose connection to the database is cut at every message it sends, one by one.

Whatever was lost, doing the same again must end where it ends without the cut: one period, one
posting, one charge at the gateway, and every invariant in order.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from adapters.clock import ManualClock
from adapters.postgres.engine import create_engine
from domain.shared.money import Money
from domain.subscriptions.moves import IllegalSubscriptionMove
from tests.conftest import FreshDatabase
from tests.integration.billing.conftest import check_invariants
from tests.integration.billing.house import START, House
from tests.integration.billing.test_managers import change_now
from tests.integration.messages.cut import Wire, wire_to

Step = Callable[[House], Awaitable[object]]
_LOST = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)
# Far above what any step sends; a step that is not cut any more ends the enumeration.
_MOST = 400


async def _renewal(home: House) -> None:
    await home.job("autopayments")
    await home.carry_out()


async def _matching(home: House) -> None:
    await home.job("match-successful-payments")


async def _lapse(home: House) -> None:
    await home.job("expire-subscriptions")


async def _outcome(home: House) -> dict[str, object]:
    return {
        "subscription": await home.value("SELECT status FROM subscription"),
        "periods": await home.value("SELECT count(*) FROM subscription_period"),
        "payments": await home.rows(
            "SELECT status, count(*) FROM payment GROUP BY status ORDER BY status"
        ),
        "invoices": await home.rows(
            "SELECT status, number FROM invoice ORDER BY issued_at, number"
        ),
        "operations": await home.value("SELECT count(*) FROM operation"),
        "messages": await home.value("SELECT count(*) FROM message"),
        "charged": len(home.gateway.gateway.payments),
    }


async def _at_renewal(home: House) -> None:
    await home.subscriber()
    home.next_day(28)


async def _with_an_unheard_payment(home: House) -> None:
    customer, price = await home.customer(), await home.plan_price()
    done = await home.subscribe(customer, price)
    assert done.invoice_id is not None
    attempt = await home.pay(done.invoice_id, return_url="https://shop.test/", save_method=True)
    assert attempt is not None
    home.gateway.gateway.pay(attempt.state.external_id)


async def _overdue(home: House) -> None:
    await home.subscriber()
    home.next_day(40)


async def _fortnight_in(home: House) -> None:
    await home.subscriber()
    home.next_day(14)
    await home.plan_price(Money.of(99900, "RUB"))


async def _plan_change(home: House) -> None:
    """Change the plan at once, and carry out its charge; what was done already is refused."""
    key = await home.value("SELECT id FROM subscription")
    dear = await home.value("SELECT id FROM price WHERE amount_minor = 99900")
    with suppress(IllegalSubscriptionMove):
        await change_now(home, key, dear)
    await home.carry_out()


@pytest.mark.parametrize(
    ("prepare", "step"),
    [
        pytest.param(_at_renewal, _renewal, id="renewal"),
        pytest.param(_with_an_unheard_payment, _matching, id="matching"),
        pytest.param(_overdue, _lapse, id="expiry"),
        pytest.param(_fortnight_in, _plan_change, id="plan change"),
    ],
)
@pytest.mark.parametrize("heard", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize(
    "stride", [3, pytest.param(1, marks=pytest.mark.slow)], ids=["every third", "every one"]
)
async def test_a_step_cut_anywhere_ends_as_if_it_had_not_been(
    fresh_database: FreshDatabase, prepare: Step, step: Step, heard: bool, stride: int
) -> None:
    expected: dict[str, object] = {}
    for cut_at in range(0, _MOST, stride):
        async with fresh_database() as url, wire_to(url) as wire:
            home, was_cut = await _cut_once(wire, prepare, step, cut_at, heard=heard)
            outcome = await _outcome(home)
            expected = expected or outcome
            assert outcome == expected, f"cut at message {cut_at}"
            await check_invariants(home)
            await home.engine.dispose()
        if cut_at and not was_cut:
            assert cut_at > 10, "the step hardly spoke to the database"
            return
    pytest.fail("the enumeration never ended")


async def _cut_once(
    wire: Wire, prepare: Step, step: Step, cut_at: int, *, heard: bool
) -> tuple[House, bool]:
    home = House(create_engine(wire.url, pool_size=1), ManualClock(START))
    await prepare(home)
    if cut_at:
        wire.arm(cut_at, heard=heard)
        with suppress(*_LOST):
            await step(home)
        wire.disarm()
    await step(home)
    return home, wire.cut
