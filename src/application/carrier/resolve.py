"""A person says whom a report was about that nobody could be named for, or that it is void."""

from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from application.carrier.digest_answers import DigestAnswers
from application.carrier.gateway import Accepted, ChargeReported, UnsubscribeRequested
from application.carrier.ports import CarrierUnitOfWork, NumberAnswer
from application.carrier.receive import TakeOrders
from application.carrier.unsubscribe import Unsubscribe
from application.carrier.wire import order_from_json, report_from_json
from application.errors import NotFound
from application.ports import JsonObject, U_contra
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import SubscriptionId


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A report that waits for a person; its row is locked."""

    id: UUID
    operator: str
    kind: str
    report: JsonObject


class UnresolvedRows(Protocol[U_contra]):
    """The rows of reports put aside."""

    async def lock_open(self, uow: U_contra, key: UUID) -> Aside:
        """Load one that still waits; raise NotFound."""
        ...

    async def decide(self, uow: U_contra, key: UUID, status: str, note: str, actor: str) -> None:
        """Write how it ended."""
        ...


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """Assign a report to a subscription, or dismiss it; each exactly once."""

    rows: UnresolvedRows[Any]
    answers: DigestAnswers
    unsubscribe: Unsubscribe
    orders: TakeOrders

    async def assign(
        self, uow: CarrierUnitOfWork, key: UUID, subscription_id: UUID, note: str, cause: Cause
    ) -> None:
        """Apply it to a subscription inside the caller's transaction.

        Refuses with `InvalidValue` a report of a charge for a subscription without an open one.
        """
        aside = await self.rows.lock_open(uow, key)
        if aside.kind == "order":
            raise InvalidValue("an order is for nobody yet: put its service right, then retry it")
        report = report_from_json(aside.report)
        one = SubscriptionId(subscription_id)
        if one not in await uow.subscriptions.lock_many([one]):
            raise NotFound("subscription", subscription_id)
        match report:
            case ChargeReported() if not isinstance(report.outcome, Accepted):
                await self._charged(uow, one, report, cause)
            case UnsubscribeRequested():
                await self.unsubscribe.these(uow, [one], cause, reason=note)
            case _:
                raise InvalidValue(f"a {aside.kind} cannot be assigned; dismiss it with a note")
        await self.rows.decide(uow, key, "assigned", note, cause.actor)

    async def dismiss(self, uow: CarrierUnitOfWork, key: UUID, note: str, cause: Cause) -> None:
        """Say that it is about nobody of ours."""
        await self.rows.lock_open(uow, key)
        await self.rows.decide(uow, key, "dismissed", note, cause.actor)

    async def retry_order(self, uow: CarrierUnitOfWork, key: UUID, note: str, cause: Cause) -> None:
        """Take an order again whose service was not known when it came."""
        aside = await self.rows.lock_open(uow, key)
        if aside.kind != "order":
            raise InvalidValue("only orders are taken again; assign or dismiss this one")
        self.orders.within(uow, [order_from_json(aside.report)])
        await self.rows.decide(uow, key, "assigned", note, cause.actor)

    async def _charged(
        self,
        uow: CarrierUnitOfWork,
        one: SubscriptionId,
        report: ChargeReported,
        cause: Cause,
    ) -> None:
        open_ = await uow.charging.open_of([one])
        if one not in open_:
            raise InvalidValue("the subscription has no charge that waits for an outcome")
        answer = NumberAnswer(
            attempt_id=open_[one],
            outcome=report.outcome,
            question="assigned by hand",
            cause=cause,
        )
        await self.answers.digest(uow, [answer])
