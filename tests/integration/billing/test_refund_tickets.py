"""Refund tickets over the real tables: decided once, paid once, whoever comes at once."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.memory.provider import Fault
from application.payments.refund_tickets import DecideTicket, OpenTicket, TicketWish
from application.payments.request_refund import RefundWish
from domain.payments.attempt import Attempt
from domain.payments.invoice import IllegalInvoiceMove
from domain.payments.refund import RefundExceedsCapture
from domain.payments.refund_ticket import (
    AnotherPersonDecides,
    Reason,
    RefundTicket,
    TicketDecided,
    TicketOpen,
    status_of,
)
from domain.shared.money import Money
from tests.integration.billing.house import House, cause

LIMIT = 50_000


async def paid(home: House, amount_minor: int = 30_000) -> Attempt:
    owed = await home.purchase(await home.customer(), Money.of(amount_minor, "RUB"))
    return await home.checkout(owed.id)


async def opened(home: House, attempt: Attempt, amount_minor: int | None = None) -> RefundTicket:
    wish = TicketWish(
        cause=cause("duplicate", f"customer:{attempt.customer_id}"),
        attempt_id=attempt.id,
        owner=attempt.customer_id,
        reason=Reason.DUPLICATE,
        text="",
        amount_minor=amount_minor,
    )
    async with home.open_uow() as uow:
        ticket = await OpenTicket(home.clock, home.entropy).within(uow, wish)
        await uow.commit()
    return ticket


async def approved(
    home: House, ticket: RefundTicket, by: str = "manager:ann", amount_minor: int | None = None
) -> RefundTicket:
    decide = DecideTicket(home.clock, home.entropy, LIMIT)
    async with home.open_uow() as uow:
        done = await decide.approve(uow, ticket.id, amount_minor, cause("fair", by))
        await uow.commit()
    return done


async def told(home: House, ticket: RefundTicket) -> list[str]:
    rows = await home.rows(
        "SELECT name FROM event WHERE aggregate_id = $1 ORDER BY position", ticket.id
    )
    return [row["name"].removeprefix("refund_ticket.") for row in rows]


async def given_back(home: House) -> int:
    return int(
        await home.value(
            "SELECT coalesce(sum(amount_minor), 0) FROM refund WHERE status <> 'declined'"
        )
    )


async def at_once(home: House, attempt: Attempt, *wishes: Awaitable[object]) -> list[object]:
    """Let all of them come as far as the payment's lock before the first may go on."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    async with home.open_uow() as uow:
        await uow.attempts.lock_many([attempt.id])
        running = asyncio.gather(*wishes, return_exceptions=True)
        async with asyncio.timeout(10):
            while await home.value(waiting) < len(wishes):  # noqa: ASYNC110 - no bell rings
                await asyncio.sleep(0.01)
    return list(await running)


def sorted_out(results: list[object]) -> tuple[list[Any], list[BaseException]]:
    failed = [one for one in results if isinstance(one, BaseException)]
    return [one for one in results if not isinstance(one, BaseException)], failed


async def test_a_ticket_follows_its_refund_to_the_end(home: House) -> None:
    ticket = await opened(home, await paid(home))
    assert await given_back(home) == 0

    done = await approved(home, ticket, amount_minor=12_000)
    assert status_of(done) == "approved"
    await home.carry_out()

    assert await home.status("refund_ticket", ticket.id) == "refunded"
    assert await home.status("refund", ticket.id) == "succeeded"
    assert await told(home, ticket) == ["opened", "approved", "refunded"]
    assert await given_back(home) == 12_000


async def test_a_refund_the_gateway_refuses_fails_the_ticket_and_makes_room(home: House) -> None:
    attempt = await paid(home)
    ticket = await opened(home, attempt)
    await approved(home, ticket)
    home.gateway.inject(Fault.REQUEST_LOST)
    await home.carry_out()
    assert await home.status("refund_ticket", ticket.id) == "approved"
    home.clock.advance(timedelta(hours=40))
    await home.job("ask-open-payments")
    await home.carry_out()

    assert await home.status("refund_ticket", ticket.id) == "failed"
    assert await told(home, ticket) == ["opened", "approved", "failed"]
    assert status_of(await approved(home, await opened(home, attempt))) == "approved"


async def test_a_payment_has_one_open_ticket_however_many_ask_at_once(home: House) -> None:
    attempt = await paid(home)
    results = await at_once(home, attempt, *(opened(home, attempt, 1_000 + n) for n in range(5)))
    made, failed = sorted_out(results)
    assert (len(made), {type(error) for error in failed}) == (1, {TicketOpen})
    assert await home.value("SELECT count(*) FROM event WHERE name = 'refund_ticket.opened'") == 1


async def test_managers_who_approve_at_once_give_the_money_back_once(home: House) -> None:
    attempt = await paid(home)
    ticket = await opened(home, attempt)
    results = await at_once(
        home, attempt, *(approved(home, ticket, f"manager:m{n}") for n in range(4))
    )
    made, failed = sorted_out(results)
    assert (len(made), {type(error) for error in failed}) == (1, {TicketDecided})
    with pytest.raises(TicketDecided):
        await approved(home, ticket, "admin:late")
    await home.carry_out()
    assert [one.money.amount_minor for one in home.gateway.gateway.refunds] == [30_000]
    assert await told(home, ticket) == ["opened", "approved", "refunded"]


async def test_a_ticket_and_a_refund_by_hand_at_once_stay_within_what_was_taken(
    home: House,
) -> None:
    attempt = await paid(home)
    ticket = await opened(home, attempt)
    wish = RefundWish(cause(), attempt.id, Money.of(20_000, "RUB"), "by hand", "manager:bob")
    results = await at_once(home, attempt, approved(home, ticket), home.request_refund(wish))
    made, failed = sorted_out(results)
    assert len(made) == 1
    assert {type(error) for error in failed} <= {RefundExceedsCapture, IllegalInvoiceMove}
    await home.carry_out()
    assert await given_back(home) <= 30_000


async def test_a_ticket_that_no_longer_fits_is_approved_for_what_is_left(home: House) -> None:
    attempt = await paid(home)
    ticket = await opened(home, attempt)
    wish = RefundWish(cause(), attempt.id, Money.of(20_000, "RUB"), "by hand", "manager:bob")
    await home.request_refund(wish)
    await home.carry_out()

    with pytest.raises(RefundExceedsCapture):
        await approved(home, ticket)
    assert await home.status("refund_ticket", ticket.id) == "open"
    await approved(home, ticket, amount_minor=10_000)
    await home.carry_out()

    assert await given_back(home) == 30_000
    assert await home.status("payment", attempt.id) == "refunded"


async def test_above_the_limit_one_person_twice_at_once_is_still_one(home: House) -> None:
    attempt = await paid(home, LIMIT + 1)
    ticket = await opened(home, attempt)
    twice = (approved(home, ticket, f"{role}:ada") for role in ("admin", "manager"))
    made, failed = sorted_out(await at_once(home, attempt, *twice))
    assert (len(made), {type(error) for error in failed}) == (1, {AnotherPersonDecides})
    assert await home.status("refund_ticket", ticket.id) == "awaiting_second"
    assert await given_back(home) == 0


async def test_above_the_limit_two_administrators_at_once_are_enough(home: House) -> None:
    attempt = await paid(home, LIMIT + 1)
    ticket = await opened(home, attempt)
    both = (approved(home, ticket, f"admin:{n}") for n in ("ada", "zoe"))
    made, failed = sorted_out(await at_once(home, attempt, *both))
    assert failed == []
    assert sorted(status_of(one) for one in made) == ["approved", "awaiting_second"]
    assert await given_back(home) == LIMIT + 1
    assert await told(home, ticket) == ["opened", "endorsed", "approved"]


async def test_parts_below_the_limit_do_not_add_up_to_more_than_it(home: House) -> None:
    attempt = await paid(home, LIMIT + 1)
    await approved(home, await opened(home, attempt, LIMIT))
    await home.carry_out()
    rest = await approved(home, await opened(home, attempt))
    assert status_of(rest) == "awaiting_second"
    with pytest.raises(AnotherPersonDecides):
        await approved(home, rest, "admin:ann")
    await approved(home, rest, "admin:ada")
    await home.carry_out()
    assert await given_back(home) == LIMIT + 1


async def test_a_full_refund_ends_the_subscription_and_a_part_does_not(home: House) -> None:
    customer, subscription_id = await home.subscriber()
    [row] = await home.rows("SELECT id FROM payment WHERE customer_id = $1", customer.id)
    attempt = await home.attempt(UUID(str(row["id"])))
    await approved(home, await opened(home, attempt, 100))
    await home.carry_out()
    assert await home.status("subscription", subscription_id) == "active"

    await approved(home, await opened(home, attempt))
    await home.carry_out()

    assert await home.status("subscription", subscription_id) == "canceled"
    [event] = await home.rows(
        "SELECT data FROM event WHERE aggregate_id = $1 AND name = 'subscription.canceled'",
        subscription_id,
    )
    assert event["data"]["why"] == "refunded"
