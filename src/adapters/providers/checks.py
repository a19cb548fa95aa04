"""A gateway's question before it takes money, answered from our own books and nothing else.

Some gateways ask the shop whether a payment may be made, and wait for the answer with the payer in
front of them. Their adapters are `AsksFirst` besides being providers; the rest never ask.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, assert_never, runtime_checkable
from uuid import UUID

from application.payments.ports import PaymentsUnitOfWork
from application.payments.provider import RawRequest
from domain.payments import attempt as attempts
from domain.payments import invoice
from domain.payments.attempt import Attempt
from domain.payments.invoice import Invoice
from domain.shared.ids import AttemptId
from domain.shared.money import Money


class Verdict(StrEnum):
    """What may be answered."""

    ACCEPTABLE = "acceptable"
    UNKNOWN_INVOICE = "unknown_invoice"
    WRONG_ACCOUNT = "wrong_account"
    WRONG_AMOUNT = "wrong_amount"
    NOT_ACCEPTED = "not_accepted"
    TOO_LATE = "too_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentQuestion:
    """May this payment be made? `money` is None where what was asked is no amount."""

    reference: str | None
    account_id: str | None
    money: Money | None


@runtime_checkable
class AsksFirst(Protocol):
    """A provider that asks before it takes money, and reads the body of every answer."""

    @property
    def acknowledgement(self) -> bytes:
        """The body that says a notification is kept."""
        ...

    def question(self, request: RawRequest) -> PaymentQuestion | None:
        """Return what is asked, None when nothing is; raise NotificationRefused."""
        ...

    def answer(self, verdict: Verdict) -> bytes:
        """Write a verdict the way the gateway reads it."""
        ...


async def judge(uow: PaymentsUnitOfWork, provider: str, asked: PaymentQuestion) -> Verdict:
    """Say whether a payment may be made; reads, and changes nothing."""
    key = _attempt_id(asked.reference)
    found = (await uow.attempts.get_many([key])).get(key) if key else None
    if found is None or found.provider != provider:
        return Verdict.UNKNOWN_INVOICE
    if asked.account_id is not None and asked.account_id != str(found.customer_id):
        return Verdict.WRONG_ACCOUNT
    if asked.money != found.money:
        return Verdict.WRONG_AMOUNT
    owed = (await uow.invoices.get_many([found.invoice_id]))[found.invoice_id]
    return standing(found, owed)


def standing(attempt: Attempt, owed: Invoice) -> Verdict:
    """Say whether an attempt may still bring money.

    A payer whose card was declined may try another one in the same window, as long as the invoice
    is open and nothing else is paying it.
    """
    match attempt.state:
        case attempts.Reserved() | attempts.Sent() | attempts.Accepted() | attempts.Unknown():
            paying = owed.state == invoice.Processing(attempt.id)
            return Verdict.ACCEPTABLE if paying else Verdict.NOT_ACCEPTED
        case attempts.Declined():
            waits = isinstance(owed.state, invoice.Issued)
            return Verdict.ACCEPTABLE if waits else Verdict.NOT_ACCEPTED
        case attempts.Canceled() | attempts.Expired() | attempts.Refused():
            return Verdict.TOO_LATE
        case (
            attempts.Authorized()
            | attempts.Succeeded()
            | attempts.PartiallyRefunded()
            | attempts.Refunded()
            | attempts.Disputed()
            | attempts.Review()
        ):
            return Verdict.NOT_ACCEPTED
        case _:
            assert_never(attempt.state)


def _attempt_id(reference: str | None) -> AttemptId | None:
    try:
        return AttemptId(UUID(reference or ""))
    except ValueError:
        return None
