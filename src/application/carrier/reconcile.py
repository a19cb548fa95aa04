"""Hold an operator's own billing records against ours, and settle what nobody knew.

What a record names and we do not have as paid is reported as if the operator had said so in a
notification, and goes the way of every report. A charge whose outcome is unknown and that the
records of its day do not name was not billed: that is evidence too, and the only one there is for
an operator who answers no questions.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from application.carrier.gateway import (
    ChargeReported,
    Declined,
    OperatorDecline,
    OperatorReceipt,
    Paid,
)
from application.carrier.ports import CarrierUnitOfWork
from application.carrier.wire import REPORT, report_to_json
from application.ports import NewMessage, U_contra
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn

NOT_BILLED = "not_billed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRecord:
    """One line of the operator's records: a subscriber paid."""

    token: str
    msisdn: Msisdn
    money: Money
    billed_at: datetime
    service_code: str | None = None


@dataclass(frozen=True, slots=True)
class KnownCharge:
    """What we have under a token; `captured` is None while it is not paid.

    `operator_token` is what the operator has called it so far; records may use ours.
    """

    attempt_id: AttemptId
    operator_token: str | None
    captured: Money | None


class ChargeRecords(Protocol[U_contra]):
    """Our charges of an operator, by what its records can name."""

    async def known(
        self, uow: U_contra, operator: str, tokens: Collection[str]
    ) -> Mapping[str, KnownCharge]:
        """Return our charges by the operator's token or by ours."""
        ...

    async def unknown(
        self, uow: U_contra, operator: str, since: datetime, until: datetime
    ) -> Mapping[AttemptId, str | None]:
        """Return charges made in a stretch whose outcome is unknown, with the operator's token."""
        ...


@dataclass(slots=True)
class Reconcile:
    """One run over the records of one operator; feed it pieces, then say that they are over."""

    charges: ChargeRecords[Any]
    operator: str
    cause: Cause
    doubtful: dict[AttemptId, str | None]

    async def piece(
        self,
        uow: CarrierUnitOfWork,
        records: Sequence[BillingRecord],
        tell: Callable[[BillingRecord, Money], None],
    ) -> Counter[str]:
        """Compare some records; report what differs inside the caller's transaction.

        Counts `agree`, `reported` (paid there, not here) and `differ`: we have another amount, and
        `tell` is told which.
        """
        known = await self.charges.known(uow, self.operator, [one.token for one in records])
        counts: Counter[str] = Counter()
        for record in records:
            ours = known.get(record.token)
            if ours is not None:
                self.doubtful.pop(ours.attempt_id, None)
            if ours is None or ours.captured is None:
                self._report(uow, _paid(record, ours))
                counts["reported"] += 1
            elif ours.captured == record.money:
                counts["agree"] += 1
            else:
                counts["differ"] += 1
                tell(record, ours.captured)
        return counts

    def rest(self, uow: CarrierUnitOfWork) -> int:
        """Report every doubtful charge no record named as not billed; return how many."""
        for attempt_id, token in self.doubtful.items():
            self._report(uow, _not_billed(attempt_id, token))
        count = len(self.doubtful)
        self.doubtful.clear()
        return count

    def _report(self, uow: CarrierUnitOfWork, report: ChargeReported) -> None:
        uow.messages.add(
            [
                NewMessage(
                    queue=f"{self.operator}_responses",
                    name=REPORT,
                    payload={"report": report_to_json(report)},
                    correlation_id=self.cause.correlation_id,
                )
            ]
        )


async def begin(
    charges: ChargeRecords[Any],
    uow: CarrierUnitOfWork,
    operator: str,
    cause: Cause,
    *,
    since: datetime,
    until: datetime,
) -> Reconcile:
    """Begin a run: charges made from `since` to `until` must be in the records if they were billed.

    Leave room at the end: a charge made a moment before midnight may be in tomorrow's records.
    """
    doubtful = await charges.unknown(uow, operator, since, until)
    return Reconcile(charges, operator, cause, dict(doubtful))


def _paid(record: BillingRecord, ours: KnownCharge | None) -> ChargeReported:
    called = ours.operator_token if ours else None
    receipt = OperatorReceipt(token=called or record.token, code="billing record")
    return ChargeReported(
        event_id=f"record:{record.token}",
        outcome=Paid(receipt, record.money, record.billed_at),
        token=record.token,
        msisdn=record.msisdn,
        service_code=record.service_code,
    )


def _not_billed(attempt_id: UUID, token: str | None) -> ChargeReported:
    receipt = OperatorReceipt(token=token or "", code=NOT_BILLED)
    return ChargeReported(
        event_id=f"record:{attempt_id}:{NOT_BILLED}",
        outcome=Declined(receipt, OperatorDecline.OTHER),
        token=str(attempt_id),
    )
