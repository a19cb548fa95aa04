"""`kazna check-ledger` and `kazna check`: what must hold, recomputed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import json_option, print_json, print_table, progress

if TYPE_CHECKING:
    from application.invariants import Violation
    from application.ledger.check import LedgerReport
    from application.ledger.ports import Progress
    from entrypoints.container import Container


@click.command()
@json_option
def check_ledger(as_json: bool) -> None:
    """Recompute every balance from the entries and report any kopeck that differs.

    Reads as of one moment and does not disturb writers. Exit code 1 says that the books do not
    hold.
    """
    from entrypoints.cli.reach import with_container

    async def act(container: "Container") -> "LedgerReport":
        with progress("check-ledger") as step:
            return await container.check_ledger()(step)

    report = with_container(act)
    if as_json:
        print_json(ledger_json(report))
    else:
        print_ledger(report)
    if not report.is_clean:
        raise click.exceptions.Exit(1)


def ledger_json(report: "LedgerReport") -> dict[str, object]:
    """Return a report of the ledger as plain values."""
    return {
        "violations": [_plain(one) for one in report.violations],
        "count": report.count,
        "trial_balance": [
            {
                "account": line.code,
                "currency": line.currency.code,
                "debit_minor": line.debit_minor,
                "credit_minor": line.credit_minor,
                "balance_minor": line.balance_minor,
            }
            for line in report.trial_balance
        ],
    }


def print_ledger(report: "LedgerReport") -> None:
    """Print the trial balance and what is wrong with it."""
    from domain.shared.money import Money

    def amount(minor: int, currency: object) -> str:
        return Money.of(minor, str(currency)).decimal_text()

    print_table(
        "Trial balance",
        ["account", "currency", "debits>", "credits>", "balance>"],
        [
            (
                line.code,
                line.currency,
                *(
                    amount(minor, line.currency)
                    for minor in (line.debit_minor, line.credit_minor, line.balance_minor)
                ),
            )
            for line in report.trial_balance
        ],
    )
    print_violations(report.violations, report.count)


def print_violations(violations: Sequence["Violation"], count: int) -> None:
    """Print what does not hold, or that everything does."""
    if not count:
        click.echo("Everything holds.")
        return
    rows = [(one.rule, one.name, one.detail) for one in violations]
    print_table(f"{count} violations", ["rule>", "what must hold", "what does not"], rows)


@click.command()
@click.option("--drained", is_flag=True, help="Also demand that no message is waiting.")
@json_option
def check(drained: bool, as_json: bool) -> None:
    """Check every rule that must hold: ledger, billing, chains of invoices, messages.

    Exit code 1 says that one does not.
    """
    from entrypoints.cli.reach import with_container

    async def act(container: "Container") -> list["Violation"]:
        with progress("check") as step:
            return await violations(container, drained=drained, step=step)

    found = with_container(act)
    if as_json:
        print_json({"violations": [_plain(one) for one in found], "count": len(found)})
    else:
        print_violations(found, len(found))
    if found:
        raise click.exceptions.Exit(1)


async def violations(
    container: "Container", *, drained: bool, step: "Progress | None" = None
) -> list["Violation"]:
    """Check the ledger, billing, accounts and messages; return what does not hold."""
    from adapters.postgres.carrier_doors import all_queues
    from adapters.postgres.connections import borrowed
    from adapters.postgres.invariants.accounts import check_accounts
    from adapters.postgres.invariants.billing import check_billing, replay_chains
    from adapters.postgres.invariants.messages import check_messages

    check_books = container.check_ledger()
    report = await (check_books(step) if step else check_books())
    queues = list(await all_queues(container.engine()))
    async with borrowed(container.engine()) as (_, driver):
        return [
            *report.violations,
            *await check_billing(driver),
            *await replay_chains(driver),
            *await check_accounts(driver),
            *await check_messages(driver, queues, drained=drained),
        ]


def _plain(one: "Violation") -> dict[str, object]:
    return {"rule": one.rule, "name": one.name, "detail": one.detail}
