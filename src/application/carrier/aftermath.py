"""What follows for a number once its charge is decided: purge policy, texts, content, postbacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from application.carrier.ports import (
    CarrierUnitOfWork,
    OrderRow,
    Reference,
    References,
    Settled,
)
from application.carrier.sms import Occasion, SmsOrders, SmsWish
from application.ports import Clock, U_contra
from domain.carrier.events import Outflow
from domain.carrier.purge import Facts, purge_reason
from domain.carrier.service import PixelOn, Service
from domain.shared.facts import Cause
from domain.shared.ids import SubscriptionId
from domain.subscriptions import lifecycle
from domain.subscriptions.model import CarrierTerms, Subscription

_PAID = frozenset({"succeeded"})
_NOT_PAID = frozenset({"declined", "refused"})
INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that was decided, and its subscription as the decision left it."""

    settled: Settled
    subscription: Subscription
    cause: Cause

    @property
    def paid(self) -> bool:
        """Tell whether it brought money."""
        return self.settled.status in _PAID


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelOrder:
    """A first answer that an advertiser may be told of."""

    subscription: Subscription
    order: OrderRow
    paid: bool
    cause: Cause


class Pixels(Protocol):
    """Orders postbacks inside the caller's transaction, at most one per subscription."""

    async def order(self, uow: CarrierUnitOfWork, orders: Sequence[PixelOrder]) -> None:
        """Write down what is to be sent, with the messages that send it; never commits."""
        ...


class Content(Protocol):
    """What subscribers are given for their money."""

    async def give(
        self, uow: CarrierUnitOfWork, paid: Sequence[tuple[Subscription, Service, str]]
    ) -> None:
        """Order a link for each (subscription, service, charge), once per charge."""
        ...


class Touches(Protocol[U_contra]):
    """What the purge policy counts, from the database."""

    async def facts(
        self, uow: U_contra, ended: Sequence[tuple[SubscriptionId, datetime]]
    ) -> Mapping[SubscriptionId, tuple[int, int]]:
        """Return failed charges since an instant, and downloads ever, of subscriptions."""
        ...


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Runs inside the transaction that settled the charges; everything external is a message."""

    references: References
    sms: SmsOrders
    content: Content
    pixels: Pixels
    touches: Touches[Any]
    clock: Clock

    async def __call__(self, uow: CarrierUnitOfWork, ended: Sequence[Ended]) -> None:
        """Draw the conclusions of decided charges; never commits."""
        decided = [one for one in ended if one.settled.status in _PAID | _NOT_PAID]
        if not decided:
            return
        reference = await self.references.current()
        known = [(one, _service(reference, one.subscription)) for one in decided]
        serviced = [(one, service) for one, service in known if service is not None]
        gone = await self._purge(uow, serviced)
        await self._pixels(uow, serviced)
        texts: list[SmsWish] = []
        paid: list[tuple[Subscription, Service, str]] = []
        for one, service in serviced:
            key = str(one.settled.attempt_id)
            first_failure = not one.paid and one.settled.occasion == "mo"
            if one.paid and one.subscription.is_live:
                paid.append((one.subscription, service, key))
            if one.paid or first_failure:
                texts.append(
                    SmsWish(
                        subscription=one.subscription,
                        service=service,
                        occasion=Occasion.CHARGED if one.paid else Occasion.NOT_PAID,
                        key=key,
                    )
                )
        await self.sms.order(uow, texts)
        await self.content.give(uow, [item for item in paid if item[0].id not in gone])
        await self._close_over(uow, decided)

    async def gone(
        self,
        uow: CarrierUnitOfWork,
        cause: Cause,
        before: Sequence[Subscription],
        *,
        reason: str,
        occasion: Occasion | None = None,
    ) -> None:
        """Say that live subscriptions ended: outflow, a text, and nothing is owed any more."""
        reference = await self.references.current()
        texts: list[SmsWish] = []
        for one in before:
            terms = one.terms
            assert isinstance(terms, CarrierTerms)
            outflow = Outflow(
                subscription_id=one.id,
                operator=terms.operator,
                service_code=terms.service_code,
                reason=reason,
            )
            uow.events.record(cause, [outflow])
            service = _service(reference, one)
            if service is not None:
                told = occasion or _OCCASION_OF.get(reason, Occasion.UNSUBSCRIBE)
                texts.append(SmsWish(subscription=one, service=service, occasion=told))
        await self.sms.order(uow, texts)
        await uow.charging.close(cause, [one.id for one in before])

    async def _purge(
        self, uow: CarrierUnitOfWork, serviced: Sequence[tuple[Ended, Service]]
    ) -> set[SubscriptionId]:
        """End what the service's policy calls inactive, by what the database knows."""
        now = self.clock.now()
        ruled = [(one, s) for one, s in serviced if s.policy.purges and one.subscription.is_live]
        if not ruled:
            return set()
        counted = await self.touches.facts(
            uow,
            [
                (one.subscription.id, now - timedelta(days=service.policy.inactive_days))
                for one, service in ruled
            ],
        )
        gone: set[SubscriptionId] = set()
        for one, service in ruled:
            failed, downloads = counted.get(one.subscription.id, (0, None))
            facts = Facts(
                age=now - one.subscription.created_at,
                this_failed=not one.paid,
                failed_lately=failed,
                downloads=downloads,
            )
            why = purge_reason(service.policy, facts)
            if why is None or one.subscription.id in gone:
                continue
            canceled, said = lifecycle.cancel(one.subscription, INACTIVE, now=now)
            cause = replace(one.cause, reason=why)
            uow.events.record(cause, said)
            await uow.subscriptions.save_many([canceled])
            await self.gone(uow, cause, [one.subscription], reason=INACTIVE)
            gone.add(one.subscription.id)
        return gone

    async def _pixels(
        self, uow: CarrierUnitOfWork, serviced: Sequence[tuple[Ended, Service]]
    ) -> None:
        wanted = [
            one
            for one, service in serviced
            if one.paid or service.policy.pixel_on is PixelOn.ANY_ANSWER
        ]
        if not wanted:
            return
        orders = await uow.orders.of_subscriptions([one.subscription.id for one in wanted])
        await self.pixels.order(
            uow,
            [
                PixelOrder(
                    subscription=one.subscription,
                    order=orders[one.subscription.id],
                    paid=one.paid,
                    cause=one.cause,
                )
                for one in wanted
                if one.subscription.id in orders
            ],
        )

    async def _close_over(self, uow: CarrierUnitOfWork, decided: Sequence[Ended]) -> None:
        """Close what is owed for subscriptions that the last failure has ended."""
        for one in decided:
            if not one.subscription.is_live:
                await uow.charging.close(one.cause, [one.subscription.id])


_OCCASION_OF = {
    "blacklisted": Occasion.BLACKLISTED,
    "postpaid": Occasion.POSTPAID,
}


def _service(reference: Reference, one: Subscription) -> Service | None:
    terms = one.terms
    assert isinstance(terms, CarrierTerms)
    offer = reference.offer_of(terms.operator, terms.service_code)
    return offer.service if offer else None
