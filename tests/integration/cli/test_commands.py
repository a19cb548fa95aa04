"""Commands over a real database."""

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta

import asyncpg
import pytest

from adapters.postgres.migrations import revisions
from adapters.security.tokens import SignedTokens
from application.identity.access import Role
from domain.shared.money import Money
from entrypoints.settings import DEVELOPMENT_KEY
from tests.conftest import FreshDatabase
from tests.integration.billing.house import START, house
from tests.integration.cli.conftest import Kazna, run_python
from tests.integration.tasks.exchange import Task, TaskExchange


async def test_a_job_is_run_once_and_leaves_its_row(kazna: Kazna, database_url: str) -> None:
    async with house(database_url) as home:
        await home.subscriber()
        due = (START + timedelta(days=28)).isoformat()

        dry = await kazna("run", "autopayments", "--now", due, "--dry-run", "--json")
        first = await kazna("run", "autopayments", "--now", due, "--json")
        second = await kazna("run", "autopayments", "--now", due, "--json")

        assert dry.json["counts"] == {"would_charge": 1}
        assert first.json["counts"] == {"charged": 1}
        assert second.json["counts"] == {}
        assert await home.value("SELECT count(*) FROM job_run WHERE NOT dry_run") == 2
        assert await home.value("SELECT count(*) FROM payment WHERE status = 'reserved'") == 1


@pytest.mark.parametrize(
    "module",
    [
        "autopayments",
        "expire_subscriptions",
        "expire_payments",
        "match_pending_payments",
        "match_successful_payments",
    ],
)
async def test_each_job_is_a_module_of_its_own(settings: dict[str, str], module: str) -> None:
    name = f"entrypoints.workers.{module}"
    ended = await run_python("-m", name, "--limit", "5", "--json", environment=settings)

    assert ended.code == 0, ended.err
    assert ended.json["job"] == module.replace("_", "-")


async def test_a_job_is_repeated_until_it_is_told_to_stop(
    settings: dict[str, str], database_url: str
) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAZNA_")}
    repeating = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "entrypoints.workers.expire_payments"),
        *("--every", "1", "--json"),
        stdout=asyncio.subprocess.PIPE,
        env={**kept, **settings},
    )
    assert repeating.stdout is not None
    for _ in range(2):
        line = await asyncio.wait_for(repeating.stdout.readline(), 30)
        assert json.loads(line)["job"] == "expire-payments"
    repeating.send_signal(signal.SIGTERM)

    assert await asyncio.wait_for(repeating.wait(), 10) == 0
    async with house(database_url) as home:
        assert await home.value("SELECT count(*) FROM job_run WHERE finished_at IS NULL") == 0


async def test_an_item_that_fails_is_told_by_the_exit_code(kazna: Kazna) -> None:
    ended = await kazna(
        *("run", "match-pending-payments", "--json"),
        yookassa_shop_id="1",
        yookassa_secret="test",
        yookassa_url="http://127.0.0.1:1/v3",
        yookassa_test="true",
    )

    assert ended.code == 1
    assert ended.json["errors"][0].startswith("yookassa: ")


async def test_books_that_hold_and_books_that_do_not(kazna: Kazna, database_url: str) -> None:
    async with house(database_url) as home:
        bought = await home.purchase(await home.customer(), Money.of(1177, "USD"))
        await home.checkout(bought.id)
        clean = await kazna("check-ledger", "--json")
        everything = await kazna("check", "--drained", "--json")

        await home.rows("UPDATE account_balance SET balance_minor = balance_minor + 1")
        broken = await kazna("check-ledger", "--json")
        told = await kazna("check-ledger")

    assert (clean.code, clean.json["count"]) == (0, 0)
    assert [line["account"] for line in clean.json["trial_balance"]] == [
        "gateway_clearing:scripted",
        "purchase_revenue",
    ]
    assert (everything.code, everything.json) == (0, {"violations": [], "count": 0})
    assert broken.code == told.code == 1
    assert broken.json["count"] > 0
    assert "11.77" in told.out


async def test_a_story_is_told_in_words_and_as_json(kazna: Kazna, database_url: str) -> None:
    async with house(database_url) as home:
        bought = await home.purchase(await home.customer(), Money.of(1177, "USD"))
        await home.checkout(bought.id)
        number = await home.value("SELECT number FROM invoice")

        words = await kazna("explain", number)
        plain = await kazna("explain", str(bought.id), "--json")

    assert words.out.startswith(f"Invoice {number} (purchase, 11.77 USD), paid")
    assert plain.json["subject"]["number"] == number
    assert "ledger.posted" in [line["name"] for line in plain.json["timeline"]]


async def test_the_database_is_brought_up_and_back(
    kazna: Kazna, empty_database: FreshDatabase
) -> None:
    async with empty_database() as url:
        first, *_, last = revisions()
        up = await kazna("migrate", "--json", database_url=url)
        again = await kazna("migrate", "--json", database_url=url)
        back = await kazna("migrate", "--to", first, "--json", database_url=url)
        gone = await kazna("migrate", "--to", "base", "--json", database_url=url)

    assert up.json == {"before": None, "after": last}
    assert again.json == {"before": last, "after": last}
    assert back.json == {"before": last, "after": first}
    assert gone.json == {"before": first, "after": None}


async def test_a_database_without_tables_says_so(
    kazna: Kazna, empty_database: FreshDatabase
) -> None:
    async with empty_database() as url:
        ended = await kazna("explain", "2026-0000001", database_url=url)

    assert ended.code == 3
    assert "invoice" in ended.sentence


async def test_a_token_is_one_that_the_api_takes(kazna: Kazna) -> None:
    ended = await kazna("token", "--role", "manager", "--subject", "anna", "--minutes", "5")

    caller = SignedTokens(DEVELOPMENT_KEY).check(ended.out.strip())
    assert (caller.subject, caller.roles) == ("anna", {Role.MANAGER})


async def test_the_clock_is_moved_and_what_is_due_is_sent(kazna: Kazna, database_url: str) -> None:
    shown = await kazna("clock", "show", "--json", clock="virtual")
    before = shown.json["now"]
    await kazna("clock", "advance", "--days", "1", clock="virtual")
    scheduler = await asyncpg.connect(database_url)
    try:
        await scheduler.execute(
            "INSERT INTO schedule (name, queue, message_name, every_seconds, next_due) "
            "VALUES ('tick', 'jobs', 'jobs.run.v1', 120, $1::text::timestamptz)",
            before,
        )
        moved = await kazna("clock", "advance", "--days", "2", "--json", clock="virtual")
        sent = await scheduler.fetch("SELECT payload ->> 'job' AS job FROM message")
    finally:
        await scheduler.close()
    back = await kazna("clock", "advance", "--to", before, clock="virtual")

    assert moved.json["sent"] == 1
    assert [row["job"] for row in sent] == ["tick"]
    assert back.code == 2
    assert "never goes back" in back.sentence


async def test_what_days_were_worth_is_counted_anew(kazna: Kazna, database_url: str) -> None:
    async with house(database_url) as home:
        exchange = TaskExchange(home.engine, home.clock)
        task = Task(1, now=home.clock.now())
        await exchange.hear(task.created(), task.assigned(1), task.completed())
        counted = "SELECT sum(fees_minor - rewards_minor)::bigint FROM company_day"
        for _ in range(2):
            rebuilt = await kazna("analytics", "rebuild", "--json")
            assert rebuilt.code == 0, rebuilt.err
            assert rebuilt.json == {"counted": 2}
            assert await home.value(counted) == 2 * (task.fee - task.reward)
