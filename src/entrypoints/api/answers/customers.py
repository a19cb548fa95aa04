"""Customers and their saved methods."""

from datetime import datetime
from uuid import UUID

from entrypoints.api.answers.shapes import Answer, PageOf


class Customer(Answer, frozen=True):
    """A payer."""

    id: UUID
    external_id: str
    email: str | None
    time_zone: str
    locale: str
    created_at: datetime


class Customers(PageOf[Customer], frozen=True):
    """A page of customers."""


class Method(Answer, frozen=True):
    """A saved payment method; what the gateway knows it by is not shown."""

    id: UUID
    customer_id: UUID
    provider: str
    type: str
    title: str | None
    last4: str | None
    saved_at: datetime
    inactive_reason: str | None


class Methods(PageOf[Method], frozen=True):
    """A page of saved payment methods."""
