"""Take in what comes from outside: operators' callbacks and partners' orders.

Verified, then parsed, then written down with the messages that digest it, in one transaction; the
sender hears "taken" only after that. A repeat is known by its event id.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from application.carrier.gateway import RawCallback, Reply, Report, SubscribeRequested
from application.carrier.journal import Exchanged, Journal
from application.carrier.ports import CarrierUnitOfWork, Operators, Order
from application.carrier.wire import ORDER, REPORT, order_to_json, report_to_json
from application.ports import Clock, Entropy, NewMessage, U_contra, UnitOfWork, UnitsOfWork

_SHOWN_BODY = 4_000
CALLBACK = "callback of "
# Operators put passwords into forms; none of them is to stand in the log.
_SECRET = re.compile(r"(\w*(?:token|key|secret|password))=[^&\s]*", re.IGNORECASE)


class Inbox(Protocol[U_contra]):
    """The inbox of notifications, as gateways of all kinds share it."""

    async def receive_many(self, uow: U_contra, source: str, ids: Sequence[str]) -> set[str]:
        """Keep event ids; return those that are new."""
        ...


@dataclass(frozen=True, slots=True)
class TakeOrders:
    """Write messages for orders; the queue of new subscriptions makes each of them once."""

    entropy: Entropy

    def within(self, uow: UnitOfWork, orders: Sequence[Order]) -> None:
        """Add one message per order inside the caller's transaction."""
        uow.messages.add(
            NewMessage(
                queue=f"{order.operator}_new_subscriptions",
                name=ORDER,
                payload=order_to_json(order),
                correlation_id=self.entropy.new_id(),
            )
            for order in orders
        )


@dataclass(frozen=True, slots=True)
class ReceiveCallback:
    """Take one callback of an operator."""

    units_of_work: UnitsOfWork[CarrierUnitOfWork]
    operators: Operators
    inbox: Inbox[Any]
    orders: TakeOrders
    journal: Journal
    clock: Clock
    entropy: Entropy

    async def __call__(self, operator: str, callback: RawCallback) -> Reply:
        """Verify, parse and keep it; raise CallbackRefused, NotFound, or Unavailable."""
        gateway = await self.operators.get(operator)
        reports = gateway.read(callback)
        async with self.units_of_work() as uow:
            new = await self.inbox.receive_many(
                uow, f"operator:{operator}", [report.event_id for report in reports]
            )
            fresh = [report for report in reports if report.event_id in new]
            self._keep(uow, operator, fresh)
            self.journal.note(uow, [_line(operator, callback, reports)])
            await uow.commit()
        return gateway.reply(callback)

    def _keep(self, uow: CarrierUnitOfWork, operator: str, reports: Sequence[Report]) -> None:
        ordered = [report for report in reports if isinstance(report, SubscribeRequested)]
        self.orders.within(uow, [self._order(operator, report) for report in ordered])
        uow.messages.add(
            NewMessage(
                queue=f"{operator}_responses",
                name=REPORT,
                payload={"report": report_to_json(report)},
                correlation_id=self.entropy.new_id(),
            )
            for report in reports
            if not isinstance(report, SubscribeRequested)
        )

    def _order(self, operator: str, report: SubscribeRequested) -> Order:
        return Order(
            operator=operator,
            event_id=report.event_id,
            tid=f"{report.event_id}={self.entropy.new_id()}",
            msisdn=report.msisdn,
            service_code=report.service_code,
            keyword=report.keyword,
            text=report.text,
            source=f"{CALLBACK}{operator}",
            said_at=report.said_at,
            operator_token=report.operator_token,
            received_at=self.clock.now(),
        )


def _line(operator: str, callback: RawCallback, reports: Sequence[Report]) -> Exchanged:
    body = without_secrets(callback.body[:_SHOWN_BODY].decode("utf-8", "replace"))
    return Exchanged(
        operator=operator,
        kind="callback",
        msisdn=None,
        token="",
        code="",
        decision=", ".join(type(report).__name__ for report in reports),
        request=f"{callback.method} {callback.path} {body}",
    )


def without_secrets(body: str) -> str:
    """Return a form as the log may show it."""
    return _SECRET.sub(r"\1=...", body)
