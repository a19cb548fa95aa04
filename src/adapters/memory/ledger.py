"""The books in memory: the same promises as the database's, kept by plain sums."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from application.errors import NotFound
from application.ledger.ports import DayBalance, Posted, Refusal
from application.ledger.splitting import split_on_breach
from application.ports import Clock, Entropy
from domain.ledger.chart import Account
from domain.ledger.errors import DayAlreadyClosed, FloorBreached, KeyConflict, ZoneFixed
from domain.ledger.posting import Operation, Posting
from domain.shared.calendar import business_day
from domain.shared.errors import InvalidValue
from domain.shared.ids import OperationId


@dataclass(slots=True)
class LedgerState:
    """Everything on the books; `copy` is what a transaction that may roll back works on."""

    operations: dict[OperationId, Operation] = field(default_factory=dict)
    by_key: dict[str, Operation] = field(default_factory=dict)
    accounts: dict[UUID, Account] = field(default_factory=dict)
    balances: dict[UUID, int] = field(default_factory=dict)
    days: dict[tuple[UUID, date], DayBalance] = field(default_factory=dict)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    closed_through: date | None = None

    def copy(self) -> "LedgerState":
        """Return books that change on their own."""
        return replace(
            self,
            operations=dict(self.operations),
            by_key=dict(self.by_key),
            accounts=dict(self.accounts),
            balances=dict(self.balances),
            days=dict(self.days),
        )

    def become(self, other: "LedgerState") -> None:
        """Take over the books of a transaction that was committed."""
        for name in self.__slots__:
            setattr(self, name, getattr(other, name))

    def below_floor(self, account: Account) -> bool:
        """Tell whether an account is limited and below its floor."""
        balance = account.kind.normal_sign * self.balances.get(account.id, 0)
        return account.floor_minor is not None and balance < account.floor_minor


class MemoryLedger:
    """Writes to books in memory; a call that raises leaves them as they were."""

    def __init__(self, state: LedgerState, clock: Clock, entropy: Entropy) -> None:
        self._state = state
        self._clock = clock
        self._entropy = entropy

    async def post_many(self, postings: Sequence[Posting]) -> Sequence[Posted]:
        """Enter postings, all or none."""
        draft = self._state.copy()
        posted: list[Posted] = []
        for answer in self._enter(draft, postings):
            if isinstance(answer, KeyConflict):
                raise answer
            posted.append(answer)
        self._state.become(draft)
        return posted

    async def try_many(self, postings: Sequence[Posting]) -> Sequence[Posted | Refusal]:
        """Enter what can be entered."""
        return await split_on_breach(postings, self._enter_or_undo)

    async def operations(self, ids: Sequence[OperationId]) -> dict[OperationId, Operation]:
        """Return the operations that exist, by id."""
        found = self._state.operations
        return {each: found[each] for each in ids if each in found}

    async def limit(self, account: Account, floor_minor: int | None) -> None:
        """Set or lift the floor of a personal account that was posted to before."""
        if account.owner is None:
            raise InvalidValue(f"{account} is the company's: only personal accounts are limited")
        kept = self._state.accounts.get(account.id)
        if kept is None:
            raise NotFound("account", account)
        limited = replace(kept, floor_minor=floor_minor)
        if self._state.below_floor(limited):
            raise FloorBreached(account.id)
        self._state.accounts[account.id] = limited

    async def use_zone(self, zone: str) -> None:
        """Set the zone of business days; a no-op when it is the ledger's already."""
        if zone == self._state.zone.key:
            return
        if self._state.operations:
            raise ZoneFixed(self._state.zone.key)
        self._state.zone = ZoneInfo(zone)

    async def close_through(self, day: date) -> None:
        """Close days; nothing is on its way into them, for there is one writer."""
        closed = self._state.closed_through
        if closed is not None and day < closed:
            raise DayAlreadyClosed(day, closed)
        self._state.closed_through = day

    async def _enter_or_undo(self, postings: Sequence[Posting]) -> Sequence[Posted | Refusal]:
        draft = self._state.copy()
        answers = self._enter(draft, postings)
        self._state.become(draft)
        return answers

    def _enter(self, draft: LedgerState, postings: Sequence[Posting]) -> list[Posted | KeyConflict]:
        answers = [self._enter_one(draft, posting) for posting in postings]
        for account in draft.accounts.values():
            if draft.below_floor(account):
                raise FloorBreached(account.id)
        return answers

    def _enter_one(self, draft: LedgerState, posting: Posting) -> Posted | KeyConflict:
        if kept := draft.by_key.get(posting.key):
            if kept.posting.money != posting.money:
                return KeyConflict(posting.key)
            return Posted(kept.id, kept.posting_date, replayed=True)
        value_date = posting.value_date or business_day(posting.occurred_at, draft.zone)
        operation = Operation(
            id=OperationId(self._entropy.new_id()),
            posting=replace(posting, value_date=value_date),
            posting_date=_open_day(value_date, draft.closed_through),
            recorded_at=self._clock.now(),
        )
        draft.operations[operation.id] = draft.by_key[posting.key] = operation
        _move_balances(draft, operation)
        return Posted(operation.id, operation.posting_date)


def _open_day(value_date: date, closed_through: date | None) -> date:
    if closed_through is None:
        return value_date
    return max(value_date, closed_through + timedelta(days=1))


def _move_balances(draft: LedgerState, operation: Operation) -> None:
    day = operation.posting_date
    for entry in operation.posting.entries:
        account, amount_minor = entry.account, entry.amount.amount_minor
        draft.accounts.setdefault(account.id, account)
        draft.balances[account.id] = draft.balances.get(account.id, 0) + amount_minor
        kept = draft.days.get((account.id, day)) or DayBalance(
            day=day, debit_minor=0, credit_minor=0, entries=0
        )
        draft.days[account.id, day] = replace(
            kept,
            debit_minor=kept.debit_minor + max(amount_minor, 0),
            credit_minor=kept.credit_minor + max(-amount_minor, 0),
            entries=kept.entries + 1,
        )
