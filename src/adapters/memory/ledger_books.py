"""Reading the books in memory."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date
from uuid import UUID

from adapters.memory.ledger import LedgerState
from application.invariants import Violation
from application.ledger.paging import bounded, cursor_after, position_of
from application.ledger.ports import DayBalance, Progress, Statement, StatementLine, TrialLine
from application.ports import Page
from domain.ledger.chart import Account
from domain.ledger.posting import Operation
from domain.shared.ids import AttemptId, OperationId, RefundId
from domain.shared.money import Currency, Money


class MemoryBooks:
    """Answers questions about books in memory."""

    def __init__(self, state: LedgerState) -> None:
        self._state = state

    async def balance(self, account: Account) -> Money:
        """Return the balance on the account's normal side."""
        return (await self.balances([account]))[account.id]

    async def balances(self, accounts: Sequence[Account]) -> dict[UUID, Money]:
        """Return balances on the normal sides, zero for accounts never used."""
        kept = self._state.balances
        return {a.id: Money(a.kind.normal_sign * kept.get(a.id, 0), a.currency) for a in accounts}

    async def day_balances(self, account: Account, first: date, last: date) -> list[DayBalance]:
        """Return the days with movements."""
        kept = self._state.days.items()
        days = [d for (owner, day), d in kept if owner == account.id and first <= day <= last]
        return sorted(days, key=lambda each: each.day)

    async def statement(self, account: Account, page: Page) -> Statement:
        """Return one page of entries; a cursor that is not ours is an InvalidValue."""
        limit = bounded(page.limit)
        after = position_of(page.cursor)
        lines = sorted((line for line in self._lines(account) if _place(line) > after), key=_place)
        rest = len(lines) > limit
        return Statement(lines[:limit], cursor_after(lines[limit - 1]) if rest else None)

    async def trial_balance(self, *, through: date | None = None) -> list[TrialLine]:
        """Return turnover and balance per code and currency."""
        sums: defaultdict[tuple[str, str], list[DayBalance]] = defaultdict(list)
        owners: defaultdict[tuple[str, str], set[UUID]] = defaultdict(set)
        for (account_id, day), balance in self._state.days.items():
            if through is None or day <= through:
                account = self._state.accounts[account_id]
                sums[account.currency.code, account.code].append(balance)
                owners[account.currency.code, account.code].add(account_id)
        return [
            TrialLine(
                code=code,
                currency=Currency(currency),
                debit_minor=sum(d.debit_minor for d in days),
                credit_minor=sum(d.credit_minor for d in days),
                accounts=len(owners[currency, code]),
            )
            for (currency, code), days in sorted(sums.items())
        ]

    async def operation(self, operation_id: OperationId) -> Operation | None:
        """Return one operation with its entries."""
        return self._state.operations.get(operation_id)

    async def operation_by_key(self, key: str) -> Operation | None:
        """Return the operation posted under a key."""
        return self._state.by_key.get(key)

    async def operations_of_attempt(self, attempt_id: AttemptId) -> list[Operation]:
        """Return what a charge attempt caused, oldest first."""
        return self._where(lambda o: o.posting.references.attempt_id == attempt_id)

    async def operations_of_refund(self, refund_id: RefundId) -> list[Operation]:
        """Return what a refund caused, oldest first."""
        return self._where(lambda o: o.posting.references.refund_id == refund_id)

    async def reversal_of(self, operation_id: OperationId) -> Operation | None:
        """Return the reversal of an operation."""
        return next(iter(self._where(lambda o: o.posting.reverses == operation_id)), None)

    async def check(self, progress: Progress) -> AsyncIterator[Violation]:
        """Sum the entries again and compare."""
        progress(0, 1, "balances")
        sums: defaultdict[UUID, int] = defaultdict(int)
        for operation in self._state.operations.values():
            for entry in operation.posting.entries:
                sums[entry.account.id] += entry.amount.amount_minor
        for account_id in sums.keys() | self._state.balances.keys():
            kept = self._state.balances.get(account_id, 0)
            if kept != sums[account_id]:
                yield Violation(
                    3,
                    "balances equal the sums of their entries",
                    f"{account_id}: balance {kept}, entries sum to {sums[account_id]}",
                )
        progress(1, 1, "done")

    def _where(self, condition: Callable[[Operation], bool]) -> list[Operation]:
        found = [each for each in self._state.operations.values() if condition(each)]
        return sorted(found, key=lambda each: each.id)

    def _lines(self, account: Account) -> Iterator[StatementLine]:
        for operation in self._state.operations.values():
            for seq, entry in enumerate(operation.posting.entries, start=1):
                if entry.account == account:
                    yield StatementLine(
                        operation_id=operation.id,
                        seq=seq,
                        posting_date=operation.posting_date,
                        amount=entry.amount,
                        key=operation.posting.key,
                        kind=operation.posting.kind,
                    )


def _place(line: StatementLine) -> tuple[date, UUID, int]:
    return line.posting_date, line.operation_id, line.seq
