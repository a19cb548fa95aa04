"""One emulated network: its state, its clock, and its notifications as the sender carries them."""

import asyncio
from collections import Counter
from collections.abc import Callable

import msgspec

from entrypoints.sandbox.configured import keep_whole, kept_whole
from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.moments import BusinessClock
from entrypoints.sandbox.operators.account import Account
from entrypoints.sandbox.operators.behaviour import Behaviour, Travel
from entrypoints.sandbox.operators.dialect import Dialect, Draft
from entrypoints.sandbox.sender import Letter
from entrypoints.sandbox.store import Store

_SECOND_MS = 1000


class Network:
    """What every route of one emulated operator works with; open while the application runs.

    Its dialect is set once, by whoever builds it, before anything is served.
    """

    def __init__(
        self,
        *,
        account: Account,
        store: Store,
        clock: BusinessClock,
        machine_time: Callable[[], float],
        behaviour: Behaviour,
    ) -> None:
        self.account = account
        self.store = store
        self.clock = clock
        self.machine_time = machine_time
        self.base = behaviour
        self.behaviour = behaviour
        self.faults = Faults(store)
        self.dialect = Dialect()
        self.bell = asyncio.Event()
        self.requests: Counter[str] = Counter()
        self.in_flight = 0
        self._second = (0, 0)

    def load(self) -> None:
        """Read back what an earlier run has left."""
        latest = self.store.one("SELECT max(created_ms) FROM charge")
        if latest and latest[0] is not None:
            self.clock.not_before(latest[0])
        self.behaviour = kept_whole(self.store, self.base)
        self.faults.load()

    def behave(self, behaviour: Behaviour) -> None:
        """Behave otherwise from now on, after a restart too."""
        self.behaviour = behaviour
        keep_whole(self.store, behaviour)
        self.bell.set()

    def forget(self, *, keep_config: bool) -> None:
        """Start over with nobody known and nothing billed."""
        self.store.empty()
        self.clock.start_over()
        self.requests.clear()
        self._second = (0, 0)
        if not keep_config:
            self.behave(self.base)

    def is_overrun(self, now_ms: int) -> bool:
        """Count a request; tell whether it is one too many in its second of business time."""
        most = self.behaviour.requests_per_second
        if most is None:
            return False
        second, seen = self._second
        this = now_ms // _SECOND_MS
        self._second = (this, seen + 1 if this == second else 1)
        return self._second[1] > most

    @property
    def pace(self) -> Travel:
        """Return how notifications travel now: not at all while the operator is out."""
        travel = self.behaviour.notifications
        if self.behaviour.outage_at(self.clock.now_ms()) is None:
            return travel
        return msgspec.structs.replace(travel, concurrency=0)

    def advance(self, now_ms: int) -> None:
        """Do what business time has made due."""
        self.dialect.advance(now_ms)

    def letter(self, number: int) -> Letter | None:
        """Return a notification as it leaves."""
        row = self.store.one(
            "SELECT method, url, content_type, body FROM notification WHERE number = ?", number
        )
        if row is None:
            return None
        draft = Draft(*row)
        headers = {"user-agent": "sandbox-operator", **self._typed(draft)}
        signed = self.dialect.sign(draft, self.clock.now_ms())
        return Letter(draft.method, draft.url, {**headers, **signed}, draft.body)

    def is_delivered(self, status: int, body: bytes) -> bool:
        """Tell whether an answer takes a notification."""
        return self.dialect.is_delivered(status)

    def _typed(self, draft: Draft) -> dict[str, str]:
        return {"content-type": draft.content_type} if draft.content_type else {}
