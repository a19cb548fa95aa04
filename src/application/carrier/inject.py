"""Charge many numbers once, by order of a person: transactions only, no subscription moves.

The checks and caps are those of every charge. A number is charged once per batch, by the name of
the batch, however often the file is run again and whatever it repeats.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from application.carrier.ports import (
    BatchCharge,
    CarrierUnitOfWork,
    Offer,
    Opened,
    Payer,
    Reference,
    References,
)
from application.carrier.receive import Inbox
from application.errors import NotFound
from application.ports import Clock
from domain.carrier.caps import Spent, allowed_from, day_and_month
from domain.carrier.checks import listed
from domain.carrier.operator import Operator
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import CustomerId
from domain.shared.msisdn import Msisdn

_DUE = timedelta(days=3)
INJECTION, EXPIRED = "injection", "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What is charged: a service of an operator, at its price now, under a name of its own.

    `occasion` is INJECTION for a list that somebody brought, EXPIRED for numbers whose retries came
    to nothing. Who paid anything since `not_paid_since` is left out.
    """

    name: str
    operator: str
    service_code: str
    occasion: str = INJECTION
    not_paid_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class InjectCharges:
    """Open the charges of a piece of a batch inside the caller's transaction; never commits."""

    references: References
    inbox: Inbox[Any]
    clock: Clock

    async def within(
        self, uow: CarrierUnitOfWork, batch: Batch, numbers: Collection[Msisdn], cause: Cause
    ) -> Counter[str]:
        """Count what became of the numbers; raise NotFound for an unknown operator or service."""
        operator, offer = _offer(await self.references.current(), batch)
        assert offer.money is not None
        counts: Counter[str] = Counter()
        own = {number for number in numbers if operator.serves(number)}
        counts["foreign"] += len(set(numbers)) - len(own)
        payers = await uow.numbers.lock_many(own, self.clock.now())
        lists = await uow.numbers.lists_of(own)
        now = self.clock.now()
        spent: dict[CustomerId, Spent] = {}
        if operator.caps.counts_over_time:
            day, month = day_and_month(now, operator.zone)
            ids = [payer.customer_id for payer in payers.values()]
            spent = dict(await uow.numbers.spent(ids, day=day, month=month))
        paid = await self._paid(uow, batch, payers)
        allowed: list[Msisdn] = []
        for number in sorted(own):
            if payers[number].customer_id in paid:
                counts["paid_before"] += 1
                continue
            forbidden = listed(lists.get(number, frozenset()))
            if forbidden is not None:
                counts[forbidden.value] += 1
                continue
            so_far = spent.get(payers[number].customer_id, Spent())
            amount = offer.money.amount_minor
            room = allowed_from(operator.caps, so_far, amount, now=now, zone=operator.zone)
            if room is None or room > now:
                counts["capped"] += 1
            else:
                allowed.append(number)
        keys = {_key(number): number for number in allowed}
        new = await self.inbox.receive_many(uow, f"{batch.occasion}:{batch.name}", list(keys))
        counts["known"] += len(allowed) - len(new)
        charges = [
            BatchCharge(
                cause=cause,
                occasion=batch.occasion,
                customer_id=payers[keys[key]].customer_id,
                operator=operator.code,
                money=offer.money,
                reference=f"{batch.occasion}:{batch.service_code}:{batch.name}",
                description=f"{batch.service_code}, {batch.name}",
                invoice_due_at=now + _DUE,
            )
            for key in sorted(new)
        ]
        opened = await uow.charging.open_batch(charges)
        counts["charged"] += sum(isinstance(one, Opened) for one in opened)
        return +counts

    async def _paid(
        self, uow: CarrierUnitOfWork, batch: Batch, payers: Mapping[Msisdn, Payer]
    ) -> set[CustomerId]:
        if batch.not_paid_since is None:
            return set()
        ids = [payer.customer_id for payer in payers.values()]
        return await uow.numbers.paid_since(ids, batch.not_paid_since)


def _offer(reference: Reference, batch: Batch) -> tuple[Operator, Offer]:
    operator = reference.operators.get(batch.operator)
    if operator is None or not operator.is_active:
        raise NotFound("operator", batch.operator)
    if reference.is_managed(batch.operator):
        raise InvalidValue(f"{operator.name} charges by its own timetable: nobody can ask it to")
    offer = reference.offer_of(batch.operator, batch.service_code)
    if offer is None or offer.money is None:
        raise NotFound("service with a price", f"{batch.operator}/{batch.service_code}")
    return operator, offer


def _key(number: Msisdn) -> str:
    """Name a number in the inbox without spelling it out."""
    return hashlib.blake2b(number.digits.encode(), digest_size=16).hexdigest()
