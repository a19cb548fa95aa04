"""ScriptedPayouts: the port of payout providers in memory, with faults on demand."""

from collections import deque
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from application.ledger.payout_methods import (
    Paid,
    PayoutAnswer,
    PayoutOrder,
    Refused,
    Working,
)
from application.ports import Clock, Failed

_KEYS_KEPT = timedelta(hours=24)


class PayoutFault(StrEnum):
    """What goes wrong with one call that moves money."""

    REQUEST_LOST = "request_lost"
    ANSWER_LOST = "answer_lost"
    REQUEST_REFUSED = "request_refused"


class ScriptedPayouts:
    """A provider whose books live in this process: it pays at once, unless told otherwise.

    `waits` leaves new payouts undecided until `decide`; `decline` refuses those to a destination;
    `inject` breaks the next calls that move money, in order; `is_down` breaks every call. A key is
    remembered for a day and then makes another payout: whoever repeats it too late pays twice.
    """

    def __init__(self, clock: Clock, *, code: str = "scripted") -> None:
        self._clock = clock
        self._code = code
        self._faults: deque[PayoutFault] = deque()
        self._declined: dict[str, str] = {}
        self._keys: dict[UUID, tuple[PayoutOrder, str, datetime]] = {}
        self._orders: dict[str, PayoutOrder] = {}
        self._answers: dict[str, PayoutAnswer] = {}
        self._created: dict[str, datetime] = {}
        self.waits = False
        self.is_down = False

    @property
    def code(self) -> str:
        """The name it was given."""
        return self._code

    @property
    def keys_kept(self) -> timedelta:
        """A day."""
        return _KEYS_KEPT

    def inject(self, *faults: PayoutFault) -> None:
        """Break the next calls that move money, in order."""
        self._faults.extend(faults)

    def decline(self, account: str, why: str) -> None:
        """Refuse what is paid to a destination from now on."""
        self._declined[account] = why

    def decide(self, payout_id: UUID, *, refused_for: str | None = None) -> None:
        """End the payouts of this id that wait."""
        for reference, order in self._orders.items():
            if order.payout_id == payout_id and isinstance(self._answers[reference], Working):
                self._answers[reference] = _ended(reference, refused_for)

    def executed(self, payout_id: UUID) -> int:
        """Count the payouts there are for one of our ids, whatever became of them."""
        return sum(order.payout_id == payout_id for order in self._orders.values())

    async def pay(self, order: PayoutOrder) -> PayoutAnswer:
        """Pay once per key; the same key with another request is no payout at all."""
        fault = self._faults.popleft() if self._faults else None
        if self.is_down or fault is PayoutFault.REQUEST_LOST:
            return Failed("no answer came")
        if fault is PayoutFault.REQUEST_REFUSED:
            return Refused("invalid_request")
        answer = self._paid(order)
        return Failed("no answer came") if fault is PayoutFault.ANSWER_LOST else answer

    async def look_up(self, order: PayoutOrder, reference: str) -> PayoutAnswer:
        """Answer how a payout stands."""
        if self.is_down or self._orders.get(reference) != order:
            return Failed("no answer came")
        return self._answers[reference]

    async def find(self, order: PayoutOrder, since: datetime) -> PayoutAnswer | None:
        """Look through the books."""
        if self.is_down:
            return Failed("no answer came")
        for reference, kept in self._orders.items():
            if kept.payout_id == order.payout_id and self._created[reference] >= since:
                return self._answers[reference]
        return None

    async def aclose(self) -> None:
        """Nothing is open."""

    def _paid(self, order: PayoutOrder) -> PayoutAnswer:
        now = self._clock.now()
        if order.payout_id in self._keys:
            first, reference, at = self._keys[order.payout_id]
            if now - at < _KEYS_KEPT:
                known = first == order
                return self._answers[reference] if known else Failed("the key was used already")
        reference = f"po-{len(self._orders) + 1}"
        self._keys[order.payout_id] = order, reference, now
        self._orders[reference], self._created[reference] = order, now
        why = self._declined.get(order.destination.account)
        waits = self.waits and why is None
        self._answers[reference] = Working(reference) if waits else _ended(reference, why)
        return self._answers[reference]


def _ended(reference: str, refused_for: str | None) -> PayoutAnswer:
    return Paid(reference) if refused_for is None else Refused(refused_for, reference)
