"""Any id is told as a story: what caused it, what happened, what it caused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.postgres.explain import PostgresArchive
from application.errors import NotFound
from application.explain import Explain, Story, as_text
from application.payments.request_refund import RefundWish
from domain.payments.declines import Decline, DeclineReason
from domain.shared.money import Money
from tests.integration.billing.house import House, cause, house


@pytest.fixture
async def home(database_url: str) -> AsyncIterator[House]:
    async with house(database_url) as built:
        yield built


@pytest.fixture
def explain(home: House) -> Explain:
    return Explain(PostgresArchive(home.engine, home.providers.codes()))


async def renewed(home: House) -> Any:
    """Return the invoice of a renewal that was charged."""
    _, subscription_id = await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    await home.carry_out()
    (row,) = await home.rows("SELECT * FROM invoice ORDER BY issued_at DESC LIMIT 1")
    assert row["subscription_id"] == subscription_id
    return row


def whats(story: Story, name: str) -> list[str]:
    return [line["what"] for line in story.timeline if line["name"] == name]


async def test_a_renewal_is_told_from_the_run_to_the_books(home: House, explain: Explain) -> None:
    owed = await renewed(home)

    story = await explain(str(owed["id"]))

    kinds = [thing["kind"] for thing in story.caused_by]
    assert kinds == ["subscription", "actor", "job_run"]
    assert story.caused_by[1]["id"] == "job:autopayments"
    assert story.caused_by[2]["job"] == "autopayments"
    assert [line["name"] for line in story.timeline] == [
        "invoice.issued",
        "invoice.payment_created",
        "payment.reserved",
        "gateway.asked",
        "payment.succeeded",
        "invoice.paid",
        "subscription.renewed",
        "ledger.posted",
        "period.granted",
    ]
    assert {thing["kind"] for thing in story.caused} == {"payment", "period"}
    assert "499.00 RUB" in whats(story, "ledger.posted")[0]


async def test_the_key_of_a_charge_is_the_attempts_own_id(home: House, explain: Explain) -> None:
    owed = await renewed(home)
    payment_id = await home.value("SELECT id FROM payment WHERE invoice_id = $1", owed["id"])

    story = await explain(str(payment_id))

    asked = [line for line in story.timeline if line["name"] == "gateway.asked"]
    assert [line["key"] for line in asked] == [str(payment_id)]
    assert asked[0]["actor"].startswith("gateway:")
    assert story.caused_by[0]["kind"] == "invoice"
    assert {thing["kind"] for thing in story.caused} == {"operation", "period"}


async def test_every_name_of_a_thing_leads_to_it(home: House, explain: Explain) -> None:
    owed = await renewed(home)
    (payment,) = await home.rows("SELECT * FROM payment WHERE invoice_id = $1", owed["id"])
    (operation,) = await home.rows("SELECT * FROM operation WHERE attempt_id = $1", payment["id"])

    assert (await explain(owed["number"])).subject["id"] == str(owed["id"])
    assert (await explain(payment["external_id"])).subject["id"] == str(payment["id"])
    assert (await explain(f"capture:{payment['id']}")).subject["id"] == str(operation["id"])
    entry = await explain(f"{operation['id']}/2")
    assert entry.subject["kind"] == "entry"
    assert [thing["kind"] for thing in entry.caused_by] == ["operation", "actor"]
    assert any(line["mine"] for line in entry.timeline)


async def test_a_subscription_is_told_with_every_period(home: House, explain: Explain) -> None:
    owed = await renewed(home)

    story = await explain(str(owed["subscription_id"]))

    assert len(whats(story, "period.granted")) == 2
    assert [thing["kind"] for thing in story.caused].count("invoice") == 2
    assert story.caused_by[0]["kind"] == "actor"


async def test_money_that_went_back_belongs_to_the_story(home: House, explain: Explain) -> None:
    customer = await home.customer()
    bought = await home.purchase(customer, Money.of(1177, "USD"))
    attempt = await home.checkout(bought.id)
    await home.request_refund(RefundWish(cause(), attempt.id, None, "broken", "manager:1"))
    await home.carry_out()
    refund_id = await home.value("SELECT id FROM refund")

    story = await explain(str(refund_id))

    assert story.subject["status"] == "succeeded"
    assert story.caused_by[0]["kind"] == "payment"
    assert {thing["kind"] for thing in story.caused} == {"operation"}
    assert len(whats(story, "ledger.posted")) == 2


async def test_a_declined_renewal_says_why_and_what_comes_next(
    home: House, explain: Explain
) -> None:
    await home.subscriber()
    home.gateway.gateway.decline_next(Decline(DeclineReason.INSUFFICIENT_FUNDS, "no_money"))
    home.clock.advance(timedelta(days=28))
    await home.job("autopayments")
    await home.carry_out()
    owed = await home.value("SELECT id FROM invoice ORDER BY issued_at DESC LIMIT 1")

    story = await explain(str(owed))

    assert "insufficient_funds" in whats(story, "payment.declined")[0]
    assert "tried again from" in whats(story, "subscription.renewal_failed")[0]


async def test_work_that_is_not_done_yet_is_named(home: House, explain: Explain) -> None:
    await home.subscriber()
    home.next_day(28)
    await home.job("autopayments")
    owed = await home.value("SELECT id FROM invoice ORDER BY issued_at DESC LIMIT 1")

    story = await explain(str(owed))

    assert [work["name"] for work in story.waiting] == ["payments.charge_attempt.v1"]


async def test_the_text_names_the_thing_its_cause_and_every_key(
    home: House, explain: Explain
) -> None:
    owed = await renewed(home)

    text = as_text(await explain(str(owed["id"])))

    assert text.startswith(f"Invoice {owed['number']} (renewal, 499.00 RUB), paid")
    assert "run of autopayments at 2026-02-28" in text
    assert "key capture:" in text
    assert text.count("\n    * ") >= 3


@pytest.mark.parametrize("reference", ["nothing", "x/1", "a\x00b", f"{UUID(int=404)}/99999", ""])
async def test_what_names_nothing_is_not_found(explain: Explain, reference: str) -> None:
    with pytest.raises(NotFound):
        await explain(reference)
