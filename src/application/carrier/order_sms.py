"""Order texts and content links inside the change that gives occasion to them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from application.carrier.ports import CarrierUnitOfWork
from application.carrier.sms import Occasion, SmsWish
from application.ports import Clock, Entropy, NewMessage, U_contra
from domain.carrier.service import Service
from domain.shared.ids import SubscriptionId
from domain.subscriptions.model import CarrierTerms, Subscription

SEND_SMS = "carrier.sms.v1"
LINK_LIVES = timedelta(days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsRow:
    """A text to one number, not sent yet."""

    id: UUID
    subscription_id: SubscriptionId
    operator: str
    msisdn: str
    service_code: str
    occasion: Occasion
    key: str
    body: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """A link that opens content once; only the hash of its token is kept."""

    token_hash: bytes
    subscription_id: SubscriptionId
    key: str
    url: str
    created_at: datetime
    expires_at: datetime


class SmsBox(Protocol[U_contra]):
    """The rows of texts and links, in the transaction of a unit of work."""

    async def add_texts(self, uow: U_contra, rows: Sequence[SmsRow]) -> Sequence[SmsRow]:
        """Insert; return those that were not there, by subscription, occasion and key."""
        ...

    async def add_links(self, uow: U_contra, rows: Sequence[LinkRow]) -> set[bytes]:
        """Insert; return the hashes of those that were not there, by subscription and key."""
        ...


def hash_of(token: str) -> bytes:
    """Return what is kept of a link's token."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class OrderSms:
    """Write texts down, each once, with the messages that send them."""

    box: SmsBox[Any]
    clock: Clock
    entropy: Entropy

    async def order(self, uow: CarrierUnitOfWork, wishes: Sequence[SmsWish]) -> None:
        """Order the texts that are not empty; never commits."""
        rows = [
            self.row(wish.subscription, wish.service, wish.occasion, wish.key, text)
            for wish in wishes
            if (text := getattr(wish.service.texts, wish.occasion.value))
        ]
        await self.put(uow, rows)

    async def put(self, uow: CarrierUnitOfWork, rows: Sequence[SmsRow]) -> None:
        """Write rows down, and order each new one to be sent."""
        if not rows:
            return
        uow.messages.add(
            NewMessage(
                queue=f"{row.operator}_sms_requests",
                name=SEND_SMS,
                payload={"sms_id": str(row.id)},
                correlation_id=row.id,
            )
            for row in await self.box.add_texts(uow, rows)
        )

    def row(
        self, one: Subscription, service: Service, occasion: Occasion, key: str, text: str
    ) -> SmsRow:
        """Address a text to the number of a subscription."""
        assert isinstance(one.terms, CarrierTerms)
        return SmsRow(
            id=self.entropy.new_id(),
            subscription_id=one.id,
            operator=one.terms.operator,
            msisdn=one.terms.msisdn.digits,
            service_code=service.code,
            occasion=occasion,
            key=key,
            body=text,
            created_at=self.clock.now(),
        )


@dataclass(frozen=True, slots=True)
class GiveContent:
    """Send a link to the content of a service after a paid charge: one link a charge, one use."""

    box: SmsBox[Any]
    texts: OrderSms
    clock: Clock
    entropy: Entropy
    public_url: str

    async def give(
        self, uow: CarrierUnitOfWork, paid: Sequence[tuple[Subscription, Service, str]]
    ) -> None:
        """Order a link for each (subscription, service, charge); never commits."""
        now = self.clock.now()
        wanted = [
            (self.entropy.token(), one, service, key)
            for one, service, key in paid
            if service.content_url and service.texts.on_content
        ]
        if not wanted:
            return
        links = [
            LinkRow(
                token_hash=hash_of(token),
                subscription_id=one.id,
                key=key,
                url=service.content_url,
                created_at=now,
                expires_at=now + LINK_LIVES,
            )
            for token, one, service, key in wanted
        ]
        new = await self.box.add_links(uow, links)
        rows = [
            self.texts.row(
                one,
                service,
                Occasion.CONTENT,
                key,
                service.texts.on_content.replace("%s", f"{self.public_url}/u/{token}"),
            )
            for token, one, service, key in wanted
            if hash_of(token) in new
        ]
        await self.texts.put(uow, rows)
