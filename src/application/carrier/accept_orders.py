"""Write orders down as subscriptions, once, and hand them on to be charged.

All orders of one number wait for each other at its row, so two that come at once give one live
subscription and one that is refused, whatever caches know.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from application.carrier.cache import FreshSubscriptions, live_of
from application.carrier.ports import (
    CarrierUnitOfWork,
    Offer,
    Order,
    OrderRow,
    Payer,
    Reference,
    References,
    Unresolved,
)
from application.carrier.sms import Occasion, SmsOrders, SmsWish
from application.carrier.wire import FIRST_CHARGE, order_from_json, order_to_json
from application.ports import Clock, Entropy, Message, Metrics, NewMessage
from domain.carrier.checks import REJECTED, NumberList, Standing, refusal
from domain.carrier.events import OrderTaken
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId, SubscriptionId
from domain.shared.msisdn import Msisdn
from domain.subscriptions import events, lifecycle
from domain.subscriptions.charge_days import ChargeDays
from domain.subscriptions.model import (
    Active,
    CarrierTerms,
    Created,
    Refused,
    Renewal,
    Source,
    Subscription,
)

_SMS_OF = {
    NumberList.BLACKLISTED.value: Occasion.BLACKLISTED,
    NumberList.POSTPAID.value: Occasion.POSTPAID,
    REJECTED: Occasion.REJECTED,
}


@dataclass(frozen=True, slots=True)
class AcceptOrders:
    """Handle `carrier.order.v1` of `{operator}_new_subscriptions`."""

    references: References
    fresh: FreshSubscriptions
    sms: SmsOrders
    clock: Clock
    entropy: Entropy
    metrics: Metrics

    async def __call__(self, uow: CarrierUnitOfWork, batch: Sequence[Message]) -> None:
        """Make a subscription of every order that is not known yet; never commits."""
        reference = await self.references.current()
        told: dict[tuple[str, str], tuple[Message, Order]] = {}
        for message in batch:
            order = order_from_json(message.payload)
            told.setdefault((order.operator, order.event_id), (message, order))
        wanted: dict[tuple[str, str], tuple[Message, Order, Offer]] = {}
        lost: list[Unresolved] = []
        for key, (message, order) in told.items():
            offer = _offer(reference, order)
            if offer is None:
                lost.append(self._unresolved(order, "no service is known for this order"))
                self.metrics.count(
                    "carrier_events", operator=order.operator, event="mo", result="unresolved"
                )
            else:
                wanted[key] = (message, order, offer)
        # The numbers' rows first: an order that comes twice at once is known the second time.
        numbers = {order.msisdn for _, order, _ in wanted.values()}
        payers = await uow.numbers.lock_many(numbers, self.clock.now())
        known = await uow.orders.known(told)
        lost = [one for one in lost if (one.operator, one.event_id) not in known]
        new = [one for key, one in wanted.items() if key not in known]
        await uow.orders.put_aside(lost)
        if new:
            await self._write(uow, reference, payers, new)

    async def _write(
        self,
        uow: CarrierUnitOfWork,
        reference: Reference,
        payers: Mapping[Msisdn, Payer],
        wanted: Sequence[tuple[Message, Order, Offer]],
    ) -> None:
        now = self.clock.now()
        numbers = {order.msisdn for _, order, _ in wanted}
        lists = await uow.numbers.lists_of(numbers)
        has = await live_of(uow, self.fresh, {one: payers[one] for one in numbers})
        live = {_place(one) for found in has.values() for one in found}
        longest = max((offer.service.policy.paid_hours for _, _, offer in wanted), default=0)
        paid = await uow.subscriptions.last_paid(numbers, now - timedelta(hours=longest))
        tried = await self._tried(uow, wanted)
        made: list[Subscription] = []
        rows: list[OrderRow] = []
        texts: list[SmsWish] = []
        for message, order, offer in wanted:
            place = (order.msisdn, order.operator, offer.service.code)
            standing = Standing(
                lists=lists.get(order.msisdn, frozenset()),
                has_live=place in live,
                paid_at=paid.get(place),
            )
            refused = refusal(standing, paid_hours=offer.service.policy.paid_hours, now=now)
            told = refused or "accepted"
            self.metrics.count("carrier_events", operator=order.operator, event="mo", result=told)
            cause = _cause(message, order)
            one = self._subscription(
                reference, order, offer, payers[order.msisdn].customer_id, refused, place in tried
            )
            if refused is None:
                live.add(place)
            tried.add(place)
            made.append(one)
            rows.append(
                OrderRow(
                    id=self.entropy.new_id(),
                    order=order,
                    service_id=offer.service.id,
                    subscription_id=one.id,
                )
            )
            self._tell(uow, cause, order, offer, one, refused)
            texts.append(_text(offer, one, refused))
        await uow.subscriptions.add_many(made)
        await uow.numbers.ordered(numbers)
        await uow.subscriptions.add_trials(
            [(one.id, one.state.period) for one in made if isinstance(one.state, Active)]
        )
        await uow.orders.add_many(rows)
        await self.sms.order(uow, texts)

    async def _tried(
        self, uow: CarrierUnitOfWork, wanted: Sequence[tuple[Message, Order, Offer]]
    ) -> set[tuple[Msisdn, str, str]]:
        """Name who had the service before: a trial is granted once."""
        with_trial = {o.msisdn for _, o, offer in wanted if offer.service.policy.trial_days}
        if not with_trial:
            return set()
        return {_place(one) for one in await uow.subscriptions.of_numbers(with_trial, live=False)}

    def _subscription(
        self,
        reference: Reference,
        order: Order,
        offer: Offer,
        customer_id: CustomerId,
        refused: str | None,
        tried: bool,
    ) -> Subscription:
        assert offer.money is not None
        assert offer.price_id is not None
        now = self.clock.now()
        operator, policy = reference.operators[order.operator], offer.service.policy
        renews = policy.periodic and bool(policy.days)
        one = Subscription(
            id=SubscriptionId(self.entropy.new_id()),
            customer_id=customer_id,
            plan_id=offer.service.plan_id,
            price_id=offer.price_id,
            money=offer.money,
            interval=offer.interval,
            anchor_day=now.astimezone(operator.zone).day,
            terms=CarrierTerms(
                operator=operator.code,
                msisdn=order.msisdn,
                service_code=offer.service.code,
                time_zone=operator.time_zone,
                calendar=ChargeDays(
                    days=policy.days,
                    allowed_from=policy.allowed_from,
                    allowed_to=policy.allowed_to,
                ),
                delay_hours=policy.delay_hours,
                retry_for_days=policy.retry_days,
                managed=reference.is_managed(operator.code),
            ),
            renewal=Renewal.AUTOMATIC if renews else Renewal.MANUAL,
            source=Source.PURCHASE,
            state=Created(now) if refused is None else Refused(now, refused),
            charge=None,
            created_at=now,
        )
        if refused is None and policy.trial_days and not tried:
            trying, _ = lifecycle.start_trial(one, policy.trial_days, now=now)
            return replace(trying, version=1)
        return one

    def _tell(
        self,
        uow: CarrierUnitOfWork,
        cause: Cause,
        order: Order,
        offer: Offer,
        one: Subscription,
        refused: str | None,
    ) -> None:
        """Record what happened; an accepted order without a trial is charged next."""
        taken = OrderTaken(
            subscription_id=one.id,
            operator=order.operator,
            service_code=offer.service.code,
            campaign_code=order.campaign_code,
            refused=refused,
        )
        created = events.Created(
            subscription_id=one.id, customer_id=one.customer_id, plan_id=one.plan_id
        )
        uow.events.record(cause, [created, taken])
        if isinstance(one.state, Active):
            begun = events.TrialStarted(subscription_id=one.id, period=one.state.period)
            uow.events.record(cause, [begun])
        if isinstance(one.state, Created) and isinstance(one.terms, CarrierTerms):
            if one.terms.managed:
                return
            uow.messages.add(
                [
                    NewMessage(
                        queue=f"{order.operator}_mo_tarifficate",
                        name=FIRST_CHARGE,
                        payload={"subscription_id": str(one.id)},
                        priority=1,
                        correlation_id=cause.correlation_id,
                    )
                ]
            )

    def _unresolved(self, order: Order, why: str) -> Unresolved:
        return Unresolved(
            id=self.entropy.new_id(),
            operator=order.operator,
            event_id=order.event_id,
            kind="order",
            msisdn=order.msisdn,
            report=order_to_json(order),
            why=why,
            candidates=(),
            received_at=order.received_at,
        )


def _offer(reference: Reference, order: Order) -> Offer | None:
    """Find what was ordered: by service, by campaign, or by the keyword of an SMS."""
    found: Offer | None = None
    if order.service_code is not None:
        found = reference.offer_of(order.operator, order.service_code)
    elif order.campaign_code is not None:
        campaign = reference.campaigns.get(order.campaign_code)
        if campaign is not None and campaign.operator == order.operator and campaign.is_active:
            found = reference.by_service_id.get(campaign.service_id)
    elif order.keyword is not None:
        by_word = reference.campaign_by(order.operator, order.keyword)
        found = reference.by_service_id.get(by_word.service_id) if by_word else None
    if found is None or not found.service.is_active or found.money is None:
        return None
    return found


def _place(one: Subscription) -> tuple[Msisdn, str, str]:
    assert isinstance(one.terms, CarrierTerms)
    return one.terms.msisdn, one.terms.operator, one.terms.service_code


def _cause(message: Message, order: Order) -> Cause:
    if message.correlation_id is None:
        raise InvalidValue("an order carries the id of its story")
    return Cause(
        actor=f"operator:{order.operator}",
        reason="a number ordered a service",
        correlation_id=message.correlation_id,
    )


def _text(offer: Offer, one: Subscription, refused: str | None) -> SmsWish:
    occasion = Occasion.SUBSCRIBE if refused is None else _SMS_OF[refused]
    return SmsWish(subscription=one, service=offer.service, occasion=occasion)
