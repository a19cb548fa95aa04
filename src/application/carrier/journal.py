"""What was said to operators and what they said, for the operator log; written late, never lost.

Bodies are bounded here, and numbers stand in a column of their own, so that what is shown can
mask them. Credentials are in no body: adapters leave them out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from application.carrier.gateway import OperatorReceipt
from application.carrier.ports import Leaving, NumberOutcome
from application.ports import UnitOfWork
from domain.shared.msisdn import Msisdn

MOST_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchanged:
    """One exchange with an operator; `kind` is mo, dn, charge, query, sms, callback or mt."""

    operator: str
    kind: str
    msisdn: Msisdn | None
    token: str
    code: str
    decision: str
    request: str = ""
    response: str = ""
    http_status: int | None = None
    attempt_id: str | None = None
    subscription_id: str | None = None

    @classmethod
    def of(
        cls, leaving: Leaving, outcome: NumberOutcome, question: str, msisdn: Msisdn
    ) -> "Exchanged":
        """Return the line of a charge or a query."""
        receipt = getattr(outcome, "receipt", None)
        kept = (
            receipt if isinstance(receipt, OperatorReceipt) else OperatorReceipt(token="", code="")
        )
        return cls(
            operator=leaving.operator,
            kind=question,
            msisdn=msisdn,
            token=kept.token,
            code=kept.code,
            decision=type(outcome).__name__,
            request=kept.raw_request[:MOST_CHARACTERS],
            response=kept.raw_response[:MOST_CHARACTERS],
            http_status=kept.http_status,
            attempt_id=str(leaving.attempt_id),
            subscription_id=str(leaving.subscription_id) if leaving.subscription_id else None,
        )


class Journal(Protocol):
    """The way into the operator log: a message of the `journal` queue per batch."""

    def note(self, uow: UnitOfWork, lines: Sequence[Exchanged]) -> None:
        """Order lines to be written; they are when the transaction commits, a little later."""
        ...
