"""The queues: what runs in each, how much at once, how often it is tried, how long it may take."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.shared.errors import InvalidValue


class Kind(StrEnum):
    """Where the effect of a queue's messages lies.

    `LOCAL` messages change the database alone: the transaction that claims them also applies
    them. `REMOTE` messages call the outside world: they are leased, and nothing is open meanwhile.
    `FOREIGN` messages are leased over HTTP by a program of somebody else; our workers only take
    over what it let fall.
    """

    LOCAL = "local"
    REMOTE = "remote"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSpec:
    """How the messages of one queue are carried out.

    A batch holds at most `batch_limit` messages and may take `time_limit_seconds`; one process
    works on `lanes` batches of a queue at a time. The lease of a remote batch is renewed while its
    call lives, so `lease_seconds` is how long the messages of a process that died stay hidden, and
    never has to cover the slowest call. After `attempts` tries a message is dead; between two of
    them passes a random part of `backoff_seconds` doubled per attempt, up to `backoff_cap_seconds`.
    """

    name: str
    kind: Kind
    batch_limit: int
    attempts: int
    time_limit_seconds: float
    lanes: int
    lease_seconds: float = 6.0
    backoff_seconds: float = 2.0
    backoff_cap_seconds: float = 600.0


def _local(name: str, *, batch_limit: int, lanes: int = 2, attempts: int = 12) -> QueueSpec:
    return QueueSpec(
        name=name,
        kind=Kind.LOCAL,
        batch_limit=batch_limit,
        attempts=attempts,
        time_limit_seconds=25.0,
        lanes=lanes,
        backoff_cap_seconds=300.0,
    )


def _remote(
    name: str, *, batch_limit: int, time_limit_seconds: float, lanes: int = 2, attempts: int = 15
) -> QueueSpec:
    return QueueSpec(
        name=name,
        kind=Kind.REMOTE,
        batch_limit=batch_limit,
        attempts=attempts,
        time_limit_seconds=time_limit_seconds,
        lanes=lanes,
    )


SHARED_QUEUES: tuple[QueueSpec, ...] = (
    _remote("payments", batch_limit=20, time_limit_seconds=60.0, lanes=4),
    _remote("webhooks", batch_limit=20, time_limit_seconds=30.0, lanes=4),
    _remote("jobs", batch_limit=1, time_limit_seconds=1800.0, lanes=4, attempts=5),
    # About a day of tries: a payout that is not decided waits for its provider to come back.
    _remote("payouts", batch_limit=20, time_limit_seconds=60.0, attempts=300),
    _remote("notifications", batch_limit=20, time_limit_seconds=30.0),
    _remote("pixels", batch_limit=50, time_limit_seconds=15.0),
    _local("ledger", batch_limit=500),
    _local("analytics", batch_limit=500),
    _local("tasks", batch_limit=2, lanes=4),
    _local("bus", batch_limit=200),
    _local("journal", batch_limit=500, lanes=1),
)

_OPERATOR = re.compile(r"[a-z][a-z0-9_]{0,31}")


def operator_queues(
    operators: Iterable[str], foreign: Collection[str] = ()
) -> tuple[QueueSpec, ...]:
    """Declare the six queues of each operator, whose codes come from the database.

    Those named as `foreign` are carried out elsewhere. Refuses with `InvalidValue` a code that is
    not lower case letters, digits and underscores.
    """
    specs: list[QueueSpec] = []
    for operator in operators:
        if not _OPERATOR.fullmatch(operator):
            raise InvalidValue(f"{operator!r} cannot name the queues of an operator")
        specs += (
            _local(f"{operator}_new_subscriptions", batch_limit=100),
            _local(f"{operator}_mo_tarifficate", batch_limit=100),
            _remote(f"{operator}_requests", batch_limit=20, time_limit_seconds=60.0, lanes=4),
            _local(f"{operator}_responses", batch_limit=100),
            _remote(f"{operator}_sms_requests", batch_limit=20, time_limit_seconds=60.0),
            _local(f"{operator}_sms_responses", batch_limit=100),
        )
    return tuple(
        replace(spec, kind=Kind.FOREIGN, lanes=1) if spec.name in foreign else spec
        for spec in specs
    )


def queue_table(
    operators: Iterable[str] = (), foreign: Collection[str] = ()
) -> Mapping[str, QueueSpec]:
    """Return every queue of this deployment by name."""
    return {spec.name: spec for spec in (*SHARED_QUEUES, *operator_queues(operators, foreign))}
