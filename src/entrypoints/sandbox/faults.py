"""Fault rules: which requests go wrong, and how."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from entrypoints.sandbox.chance import draw
from entrypoints.sandbox.store import Store

Kind = Literal[
    "latency_before",
    "latency_after_commit",
    "accepted_202_before",
    "accepted_202_after_commit",
    "error_500_before",
    "error_500_after_commit",
    "throttled_429",
    "drop_before",
    "drop_after_commit",
    "truncated_body",
    "html_body",
    "wrong_amount",
    "wrong_currency",
    "flipped_test",
]
LATENCIES: tuple[Kind, ...] = ("latency_before", "latency_after_commit")
BEFORE: tuple[Kind, ...] = (
    "accepted_202_before",
    "error_500_before",
    "throttled_429",
    "drop_before",
)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to go wrong.

    A request matches when `operation` (`create_payment`, `get_payment`, ...), `method` and
    `path_prefix` all fit, an absent one fits always. Of the matching requests the rule strikes the
    `nth` only (counted from 1), or each with `probability` drawn from `seed`, at most `times`.
    Kinds named `before` leave nothing behind; every other one has done its work.
    """

    kind: Kind
    operation: str | None = None
    method: str | None = None
    path_prefix: str | None = None
    nth: Annotated[int, Meta(ge=1)] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] = 1
    seed: int = 0
    times: Annotated[int, Meta(ge=1)] | None = None
    latency_ms: Annotated[int, Meta(ge=0, le=600_000)] = 0
    retry_after_ms: Annotated[int, Meta(ge=0)] = 1800
    status: Annotated[int, Meta(ge=200, le=599)] = 200


class Armed(msgspec.Struct, frozen=True):
    """A rule with what it has seen and done."""

    id: int
    rule: Rule
    matched: int = 0
    hit: int = 0


class Faults:
    """The rules in force; they and their counts live in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._armed: list[Armed] = []

    def load(self) -> None:
        kept = self._store.meta("faults")
        self._armed = msgspec.json.decode(kept, type=list[Armed]) if kept else []

    def add(self, rules: list[Rule]) -> list[Armed]:
        latest = max((armed.id for armed in self._armed), default=0)
        added = [Armed(latest + place, rule) for place, rule in enumerate(rules, start=1)]
        self._armed += added
        self._keep()
        return added

    def clear(self) -> None:
        self._armed = []
        self._keep()

    def all(self) -> list[Armed]:
        return list(self._armed)

    def take(self, operation: str, method: str, path: str) -> list[Rule]:
        """Return the rules that strike this request, in their order, and count them.

        Any number of latencies, but of other kinds only the first: a later rule keeps its `times`.
        """
        if not self._armed:
            return []
        struck: list[Rule] = []
        for place, armed in enumerate(self._armed):
            if not _fits(armed.rule, operation, method, path):
                continue
            seen = replace(armed, matched=armed.matched + 1)
            taken = any(rule.kind not in LATENCIES for rule in struck)
            if _strikes(seen) and (seen.rule.kind in LATENCIES or not taken):
                seen = replace(seen, hit=seen.hit + 1)
                struck.append(seen.rule)
            self._armed[place] = seen
        self._keep()
        return struck

    def _keep(self) -> None:
        self._store.set_meta("faults", msgspec.json.encode(self._armed).decode())


def _fits(rule: Rule, operation: str, method: str, path: str) -> bool:
    return (
        rule.operation in (None, operation)
        and rule.method in (None, method)
        and path.startswith(rule.path_prefix or "")
    )


def _strikes(armed: Armed) -> bool:
    rule = armed.rule
    if rule.times is not None and armed.hit >= rule.times:
        return False
    if rule.nth is not None:
        return armed.matched == rule.nth
    return draw(rule.seed, "fault", armed.id, armed.matched) < rule.probability
