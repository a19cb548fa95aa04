"""Texts to subscribers: ordered inside the change that gives occasion to them, sent afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from application.carrier.ports import CarrierUnitOfWork
from domain.carrier.service import Service
from domain.subscriptions.model import Subscription


class Occasion(StrEnum):
    """What a text is sent for; the service holds one text per occasion, empty for none."""

    SUBSCRIBE = "on_subscribe"
    CONTENT = "on_content"
    UNSUBSCRIBE = "on_unsubscribe"
    REJECTED = "on_rejected"
    BLACKLISTED = "on_blacklisted"
    POSTPAID = "on_postpaid"
    CHARGED = "on_charged"
    NOT_PAID = "on_not_paid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsWish:
    """A text to one number; `key` makes it one per charge where the occasion comes again."""

    subscription: Subscription
    service: Service
    occasion: Occasion
    key: str = ""


class SmsOrders(Protocol):
    """Orders texts inside the caller's transaction."""

    async def order(self, uow: CarrierUnitOfWork, wishes: Sequence[SmsWish]) -> None:
        """Write down the texts that are not empty, each once per subscription, occasion and key,
        with the messages that send them; never commits."""
        ...
