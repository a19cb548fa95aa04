"""Load retries that were written down elsewhere: each becomes the one open retry of a subscription.

Nothing is invented: first failure, tries and price are those of the record. Loading the same
records again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from application.carrier.ports import CarrierUnitOfWork, Offer, Reference, References
from application.ports import Clock, Entropy, U_contra
from domain.carrier.checks import listed
from domain.shared.errors import DomainError, InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId, SubscriptionId
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn
from domain.subscriptions import events, number_lifecycle
from domain.subscriptions.charge_days import ChargeDays
from domain.subscriptions.model import (
    CarrierTerms,
    Created,
    PastDue,
    Renewal,
    Source,
    Subscription,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRecord:
    """One retry, as the documented record tells it; `wire_id` is its `subscription_id`.

    `price_minor` is what was agreed on then, in minor units of the operator's currency.
    """

    tid: str
    msisdn: Msisdn
    operator_code: int
    service_code: str
    wire_id: int | None
    price_minor: int
    retry_days: int
    delay_hours: int
    attempts: int
    created_at: datetime
    last_pay_attempt_at: datetime


class Loaded(StrEnum):
    """What became of a record."""

    INSERTED = "inserted"
    UPDATED = "updated"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a record was not loaded; nothing of it was."""

    why: str


class WireIds(Protocol[U_contra]):
    """The small numbers that messages and files call subscriptions by."""

    async def subscriptions(self, uow: U_contra, ids: Sequence[int]) -> dict[int, SubscriptionId]:
        """Return our ids by theirs."""
        ...


@dataclass(frozen=True, slots=True)
class LoadRetries:
    """Load a batch inside the caller's transaction; one answer per record, in order."""

    references: References
    wire_ids: WireIds[Any]
    clock: Clock
    entropy: Entropy

    async def within(
        self, uow: CarrierUnitOfWork, records: Sequence[RetryRecord], cause: Cause
    ) -> Sequence[Loaded | Rejected]:
        """Never commits; a record that is refused leaves the others alone."""
        reference = await self.references.current()
        numbers = {record.msisdn for record in records}
        payers = await uow.numbers.lock_many(numbers, self.clock.now())
        lists = await uow.numbers.lists_of(numbers)
        known = await self.wire_ids.subscriptions(
            uow, [record.wire_id for record in records if record.wire_id is not None]
        )
        by_id = dict(await uow.subscriptions.lock_many(list(known.values())))
        live = {_place(one): one for one in await uow.subscriptions.of_numbers(numbers, live=True)}
        live |= {
            _place(one): one
            for one in (
                await uow.subscriptions.lock_many([one.id for one in live.values()])
            ).values()
        }
        answers: list[Loaded | Rejected] = []
        for record in records:
            try:
                offer = _offer(reference, record)
                forbidden = listed(lists.get(record.msisdn, frozenset()))
                if forbidden is not None:
                    raise InvalidValue(f"the number is {forbidden.value}")
                before = _before(record, offer, known, by_id, live)
                customer_id = payers[record.msisdn].customer_id
                answer, after = self._loaded(reference, record, offer, before, customer_id)
            except DomainError as refusal:
                answers.append(Rejected(str(refusal)))
                continue
            if answer is Loaded.INSERTED and before is None:
                created = events.Created(
                    subscription_id=after.id,
                    customer_id=after.customer_id,
                    plan_id=after.plan_id,
                )
                uow.events.record(cause, [created])
                await uow.subscriptions.add_many([after])
                await uow.numbers.ordered([record.msisdn])
            elif answer is not Loaded.KNOWN:
                await uow.subscriptions.save_many([after])
            live[_place(after)] = after
            by_id[after.id] = after
            answers.append(answer)
        return answers

    def _loaded(
        self,
        reference: Reference,
        record: RetryRecord,
        offer: Offer,
        before: Subscription | None,
        customer_id: CustomerId,
    ) -> tuple[Loaded, Subscription]:
        one = before or self._subscription(reference, record, offer, customer_id)
        at = record.last_pay_attempt_at + timedelta(hours=record.delay_hours)
        owing = number_lifecycle.owe(
            one, since=record.created_at, failures=record.attempts, retry_at=at
        )
        if owing is one:
            return Loaded.KNOWN, one
        if before is None:
            return Loaded.INSERTED, replace(owing, version=1)
        was_retry = isinstance(before.state, PastDue)
        return (Loaded.UPDATED if was_retry else Loaded.INSERTED), owing

    def _subscription(
        self, reference: Reference, record: RetryRecord, offer: Offer, customer_id: CustomerId
    ) -> Subscription:
        assert offer.price_id is not None
        policy = offer.service.policy
        operator = reference.operators[offer.service.operator]
        terms = CarrierTerms(
            operator=operator.code,
            msisdn=record.msisdn,
            service_code=offer.service.code,
            time_zone=operator.time_zone,
            calendar=ChargeDays(
                days=policy.days, allowed_from=policy.allowed_from, allowed_to=policy.allowed_to
            ),
            delay_hours=record.delay_hours,
            retry_for_days=record.retry_days,
        )
        return Subscription(
            id=SubscriptionId(self.entropy.new_id()),
            customer_id=customer_id,
            plan_id=offer.service.plan_id,
            price_id=offer.price_id,
            money=Money(record.price_minor, operator.currency),
            interval=offer.interval,
            anchor_day=record.created_at.astimezone(operator.zone).day,
            terms=terms,
            renewal=Renewal.AUTOMATIC if policy.periodic and policy.days else Renewal.MANUAL,
            source=Source.PURCHASE,
            state=Created(record.created_at),
            charge=None,
            created_at=record.created_at,
        )


def _offer(reference: Reference, record: RetryRecord) -> Offer:
    operator = next(
        (one for one in reference.operators.values() if one.wire_id == record.operator_code), None
    )
    if operator is None:
        raise InvalidValue(f"there is no operator {record.operator_code}")
    if not operator.serves(record.msisdn):
        raise InvalidValue(f"that is no number of {operator.name}")
    offer = reference.offer_of(operator.code, record.service_code)
    if offer is None or offer.price_id is None:
        raise InvalidValue(f"{operator.name} has no service {record.service_code!r} with a price")
    return offer


def _before(
    record: RetryRecord,
    offer: Offer,
    known: dict[int, SubscriptionId],
    by_id: dict[SubscriptionId, Subscription],
    live: dict[tuple[Msisdn, str, str], Subscription],
) -> Subscription | None:
    """Find whose retry it is: by its number in the file, else by what the phone number has."""
    place = (record.msisdn, offer.service.operator, offer.service.code)
    if record.wire_id is None:
        return live.get(place)
    key = known.get(record.wire_id)
    if key is None:
        raise InvalidValue(f"there is no subscription {record.wire_id}")
    one = by_id[key]
    if _place(one) != place:
        raise InvalidValue(f"subscription {record.wire_id} is of another number or service")
    return one


def _place(one: Subscription) -> tuple[Msisdn, str, str]:
    terms = one.terms
    if not isinstance(terms, CarrierTerms):
        raise InvalidValue(f"subscription {one.id} is no number's")
    return terms.msisdn, terms.operator, terms.service_code
