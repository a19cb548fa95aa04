"""Open charges of numbers: the checks and caps before every one of them, whatever it is for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.carrier.ports import (
    CarrierUnitOfWork,
    NotOpened,
    NumberCharge,
    Opened,
    Reference,
    References,
)
from application.carrier.sms import Occasion, SmsOrders, SmsWish
from domain.carrier.caps import Spent, allowed_from, day_and_month
from domain.carrier.checks import NumberList, listed
from domain.carrier.events import Outflow
from domain.shared.calendar import Period
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId
from domain.subscriptions import lifecycle
from domain.subscriptions.model import CarrierTerms, Created, Subscription

_SMS_OF = {
    NumberList.BLACKLISTED: Occasion.BLACKLISTED,
    NumberList.POSTPAID: Occasion.POSTPAID,
}
# An invoice outlives the retries that may still pay it.
_AFTER_RETRIES = timedelta(days=3)

Wanted = tuple[Cause, Subscription, Period]


@dataclass(frozen=True, slots=True)
class OpenNumberCharges:
    """Open charges inside the caller's transaction, for subscriptions that it has locked.

    A number on a list is refused and its subscription ends; one that has reached a cap is put off
    to the next local day or month; all others are pending from here on.
    """

    references: References
    sms: SmsOrders

    async def __call__(
        self,
        uow: CarrierUnitOfWork,
        wanted: Sequence[Wanted],
        *,
        occasion: str,
        urgent: bool,
        now: datetime,
    ) -> Counter[str]:
        """Open what may be opened, save all subscriptions, and count what became of them."""
        if not wanted:
            return Counter()
        reference = await self.references.current()
        lists = await uow.numbers.lists_of({_terms(one).msisdn for _, one, _ in wanted})
        spent = await self._spent(uow, reference, wanted, now)
        moved: list[Subscription] = []
        charges: list[tuple[Subscription, NumberCharge]] = []
        counts: Counter[str] = Counter()
        for cause, one, period in wanted:
            terms = _terms(one)
            forbidden = listed(lists.get(terms.msisdn, frozenset()))
            if forbidden is not None:
                moved.append(await self._refuse(uow, reference, cause, one, forbidden, now))
                counts[forbidden.value] += 1
                continue
            operator = reference.operators[terms.operator]
            so_far = spent.get(one.customer_id, Spent())
            room = allowed_from(
                operator.caps, so_far, one.money.amount_minor, now=now, zone=operator.zone
            )
            if room is None or room > now:
                moved.append(self._no_room(uow, cause, one, room, now))
                counts["capped"] += 1
                continue
            spent[one.customer_id] = _with(so_far, one.money.amount_minor)
            due = now + timedelta(days=terms.retry_for_days) + _AFTER_RETRIES
            charges.append(
                (
                    one,
                    NumberCharge(
                        cause=cause,
                        occasion=occasion,
                        subscription=one,
                        period=period,
                        description=f"{terms.service_code} from {period.start:%Y-%m-%d}",
                        invoice_due_at=due,
                        urgent=urgent,
                    ),
                )
            )
        results = await uow.charging.open([charge for _, charge in charges])
        for (one, charge), result in zip(charges, results, strict=True):
            match result:
                case Opened(invoice_id):
                    pending, said = lifecycle.open_charge(one, invoice_id, now=now)
                    uow.events.record(charge.cause, said)
                    counts["charged"] += 1
                case NotOpened(why):
                    pending, said = lifecycle.charge_failed(
                        one, None, why, retryable=True, now=now, zone=_terms(one).zone
                    )
                    uow.events.record(charge.cause, said)
                    counts["blocked"] += 1
            moved.append(pending)
        await uow.subscriptions.save_many(moved)
        return counts

    async def _spent(
        self,
        uow: CarrierUnitOfWork,
        reference: Reference,
        wanted: Sequence[Wanted],
        now: datetime,
    ) -> dict[CustomerId, Spent]:
        """Sum what numbers of operators with caps were charged; without caps nothing is asked."""
        by_operator: dict[str, set[CustomerId]] = {}
        for _, one, _ in wanted:
            by_operator.setdefault(_terms(one).operator, set()).add(one.customer_id)
        spent: dict[CustomerId, Spent] = {}
        for code, payers in by_operator.items():
            operator = reference.operators[code]
            if operator.caps.counts_over_time:
                day, month = day_and_month(now, operator.zone)
                spent.update(await uow.numbers.spent(payers, day=day, month=month))
        return spent

    async def _refuse(
        self,
        uow: CarrierUnitOfWork,
        reference: Reference,
        cause: Cause,
        one: Subscription,
        forbidden: NumberList,
        now: datetime,
    ) -> Subscription:
        terms = _terms(one)
        refused, said = lifecycle.refuse(one, forbidden.value, now=now)
        uow.events.record(cause, said)
        outflow = Outflow(
            subscription_id=one.id,
            operator=terms.operator,
            service_code=terms.service_code,
            reason=forbidden.value,
        )
        uow.events.record(cause, [outflow])
        offer = reference.offer_of(terms.operator, terms.service_code)
        if offer is not None:
            wish = SmsWish(subscription=one, service=offer.service, occasion=_SMS_OF[forbidden])
            await self.sms.order(uow, [wish])
        await uow.charging.close(cause, [one.id])
        return refused

    def _no_room(
        self,
        uow: CarrierUnitOfWork,
        cause: Cause,
        one: Subscription,
        room: datetime | None,
        now: datetime,
    ) -> Subscription:
        """Put a charge off that would break a cap; a first one becomes due then like a retry."""
        if room is not None and not isinstance(one.state, Created):
            return lifecycle.defer(one, room)
        failed, said = lifecycle.charge_failed(
            one,
            None,
            "a spending cap leaves no room",
            retryable=room is not None,
            now=now,
            zone=_terms(one).zone,
        )
        uow.events.record(cause, said)
        return failed if room is None or not failed.is_live else lifecycle.defer(failed, room)


def _terms(one: Subscription) -> CarrierTerms:
    assert isinstance(one.terms, CarrierTerms), "numbers have carrier terms"
    return one.terms


def _with(spent: Spent, amount_minor: int) -> Spent:
    return Spent(
        day_minor=spent.day_minor + amount_minor,
        day_charges=spent.day_charges + 1,
        month_minor=spent.month_minor + amount_minor,
        month_charges=spent.month_charges + 1,
    )
