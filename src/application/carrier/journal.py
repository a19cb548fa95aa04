"""What was said to operators and what they said, for the operator log; written late, never lost.

Bodies are bounded here, and numbers stand in a column of their own, so that what is shown can
mask them. Credentials are in no body: adapters leave them out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from application.carrier.gateway import OperatorReceipt
from application.carrier.ports import Leaving, NumberOutcome
from application.ports import JsonObject, Message, NewMessage, U_contra, UnitOfWork
from domain.shared.msisdn import Msisdn

MOST_CHARACTERS = 8_000
LOG = "carrier.log.v1"


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


class OperatorLog(Protocol[U_contra]):
    """The partitioned table of exchanges."""

    async def write(self, uow: U_contra, lines: Sequence[Mapping[str, Any]]) -> None:
        """Append lines."""
        ...


@dataclass(frozen=True, slots=True)
class LateJournal:
    """Notes lines as one message a batch: what may be late must not slow what may not."""

    def note(self, uow: UnitOfWork, lines: Sequence[Exchanged]) -> None:
        """Order lines to be written."""
        if not lines:
            return
        uow.messages.add(
            [NewMessage(queue="journal", name=LOG, payload={"lines": [_plain(x) for x in lines]})]
        )


@dataclass(frozen=True, slots=True)
class WriteOperatorLog:
    """Handle `carrier.log.v1` of `journal`."""

    log: OperatorLog[Any]

    async def __call__(self, uow: UnitOfWork, batch: Sequence[Message]) -> None:
        """Append the lines of all messages at once."""
        await self.log.write(uow, [line for one in batch for line in one.payload["lines"]])


def _plain(line: Exchanged) -> JsonObject:
    return {**asdict(line), "msisdn": line.msisdn.digits if line.msisdn else None}
