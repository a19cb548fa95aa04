"""Refusals of operators: their codes in our words, and what no protocol here can do."""

from collections.abc import Mapping
from typing import Any, Final

from application.carrier.gateway import (
    BroadcastRejected,
    Declined,
    OperatorDecline,
    OperatorReceipt,
)

# A number nobody has will not be somebody's tomorrow; everything else may pass.
_FINAL: Final = frozenset({OperatorDecline.UNKNOWN_NUMBER})


def declined(receipt: OperatorReceipt, reason: OperatorDecline) -> Declined:
    """Return a decline, with what its reason says of a later try."""
    return Declined(receipt, reason, retryable=reason not in _FINAL)


def code_table(name: str, given: Mapping[str, Any]) -> dict[str, OperatorDecline]:
    """Read an option that maps an operator's codes to reasons; raise ValueError."""
    known = {reason.value: reason for reason in OperatorDecline}
    for code, reason in given.items():
        if not isinstance(reason, str) or reason not in known:
            raise ValueError(f"the option {name} maps {code} to one of {', '.join(sorted(known))}")
    return {code: known[reason] for code, reason in given.items()}


def no_broadcast() -> BroadcastRejected:
    """Answer for a protocol that broadcasts nothing; its capabilities say so."""
    receipt = OperatorReceipt(token="", code="unsupported")
    return BroadcastRejected(receipt, "this protocol has no broadcasts")
