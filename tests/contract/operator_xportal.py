"""XPortal as its contract is put to the test."""

from collections.abc import Callable
from dataclasses import replace

from application.carrier.gateway import ChargeMode, OperatorDecline, RawCallback
from tests.contract.spoken import Forge, Spoken

Pairs = list[tuple[str, str]]


def _query(change: Callable[[Pairs], Pairs]) -> Forge:
    return lambda one: replace(one, query=tuple(change(list(one.query))))


def _without_key(query: Pairs) -> Pairs:
    return [pair for pair in query if pair[0] != "key"]


def _from_elsewhere(genuine: RawCallback) -> RawCallback:
    return replace(genuine, peer_ip="203.0.113.9")


FORGED_KEYS = {
    "without the key": _query(_without_key),
    "with another key": _query(lambda query: [*_without_key(query), ("key", "x" * 20)]),
    "with two keys": _query(lambda query: [*query, ("key", "x" * 20)]),
    "in another script": _query(lambda query: [*_without_key(query), ("key", "\udc80\u0660")]),
    "from elsewhere": _from_elsewhere,
}
XPORTAL = Spoken(
    protocol="xportal",
    mode=ChargeMode.ASYNC,
    options={"networks": ["127.0.0.0/8"]},
    secrets=("key", "callback_key"),
    needed_secrets=("key",),
    reasons=frozenset(
        {
            OperatorDecline.INSUFFICIENT_FUNDS,
            OperatorDecline.INACTIVE_NUMBER,
            OperatorDecline.UNKNOWN_NUMBER,
            OperatorDecline.OPERATOR_FAILURE,
            OperatorDecline.OTHER,
        }
    ),
    interim=True,
    tells=frozenset({"mo", "unsubscribe"}),
    forgeries=FORGED_KEYS,
    broken=_query(lambda query: [("msisdn", "x") if one[0] == "msisdn" else one for one in query]),
)
