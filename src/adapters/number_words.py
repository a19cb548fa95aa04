"""Charges of numbers in the words of payments, and back; plain translation, nothing is decided."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from application.carrier import gateway as said
from application.carrier.ports import (
    BatchCharge,
    Leaving,
    MissedReport,
    NotOpened,
    NumberAnswer,
    NumberCharge,
    Opened,
)
from application.payments import provider
from application.payments.answers import GatewayAnswer
from application.payments.open_charges import ChargeOrder, Impossible, NothingOwed
from application.payments.open_charges import Opened as ChargeOpened
from domain.payments import invoice
from domain.payments.attempt import (
    Accepted,
    Attempt,
    Sent,
    Unknown,
    external_id_of,
    status_of,
)
from domain.payments.declines import Decline, DeclineReason
from domain.payments.invoice import SubscriptionPeriod
from domain.payments.occasion import Occasion
from domain.shared.ids import SubscriptionId
from domain.shared.money import Money

_REASONS = {
    said.OperatorDecline.INSUFFICIENT_FUNDS: DeclineReason.INSUFFICIENT_FUNDS,
    said.OperatorDecline.OPERATOR_FAILURE: DeclineReason.PROCESSOR_ERROR,
    said.OperatorDecline.FREQUENCY_EXCEEDED: DeclineReason.LIMIT_EXCEEDED,
    said.OperatorDecline.OTHER: DeclineReason.ISSUER_DECLINED,
    said.OperatorDecline.INACTIVE_NUMBER: DeclineReason.ISSUER_DECLINED,
    said.OperatorDecline.UNKNOWN_NUMBER: DeclineReason.ISSUER_DECLINED,
    said.OperatorDecline.BARRED: DeclineReason.ISSUER_DECLINED,
}


def meaning(attempt: Attempt, answer: NumberAnswer, now: datetime) -> GatewayAnswer | None:
    """Say an operator's answer in the words of payments; None where it proves nothing."""
    match answer.outcome:
        case said.Paid(receipt, money, at):
            taken_at = at or now
            return provider.Succeeded(_snapshot(attempt, receipt, taken_at, money=money))
        case said.Accepted(receipt):
            return provider.Accepted(_snapshot(attempt, receipt, None))
        case said.Declined(receipt, reason, retryable):
            meant = _REASONS[reason] if retryable else DeclineReason.RESTRICTED
            return _declined(attempt, receipt, meant, reason.value)
        case said.Postpaid(receipt):
            return _declined(attempt, receipt, DeclineReason.POSTPAID, "postpaid")
        case said.Blacklisted(receipt):
            return _declined(attempt, receipt, DeclineReason.BLACKLISTED, "blacklisted")
        case said.Misconfigured(why):
            return provider.Rejected(code="misconfigured", description=why)
        case said.OutcomeUnknown(why):
            return provider.OutcomeUnknown(why)
        case said.NeverHeard():
            return provider.Missing()
        case said.NotSent() | said.Unreachable() | MissedReport():
            return None
        case _:
            assert_never(answer.outcome)


def order_of(charge: NumberCharge) -> ChargeOrder:
    """Order a charge without the payer."""
    one = charge.subscription
    return ChargeOrder(
        cause=charge.cause,
        customer_id=one.customer_id,
        purpose=SubscriptionPeriod(one.id, one.price_id, charge.period),
        money=one.money,
        description=charge.description,
        provider=one.terms.provider,
        method_id=None,
        occasion=Occasion(charge.occasion),
        due_at=charge.invoice_due_at,
        urgent=charge.urgent,
    )


def batch_order_of(charge: BatchCharge) -> ChargeOrder:
    """Order a charge that belongs to no subscription."""
    return ChargeOrder(
        cause=charge.cause,
        customer_id=charge.customer_id,
        purpose=invoice.Purchase(charge.reference),
        money=charge.money,
        description=charge.description,
        provider=charge.operator,
        method_id=None,
        occasion=Occasion(charge.occasion),
        due_at=charge.invoice_due_at,
    )


def opened(answer: ChargeOpened | NothingOwed | Impossible) -> Opened | NotOpened:
    """Say what became of an order."""
    match answer:
        case ChargeOpened(invoice_id, attempt_id):
            return Opened(invoice_id, attempt_id)
        case NothingOwed():
            return NotOpened("the period is paid")
        case Impossible(why):
            return NotOpened(why)
        case _:
            assert_never(answer)


def leaving_of(attempt: Attempt, fresh: bool, owed: invoice.Invoice) -> Leaving:
    """Show an open attempt to whoever asks the operator."""
    return Leaving(
        attempt_id=attempt.id,
        fresh=fresh,
        status=status_of(attempt),
        external_id=external_id_of(attempt),
        since=_since(attempt),
        customer_id=attempt.customer_id,
        subscription_id=subscription_of(owed),
        operator=attempt.provider,
        money=attempt.money,
        description=owed.description,
        created_at=attempt.created_at,
    )


def subscription_of(owed: invoice.Invoice) -> SubscriptionId | None:
    """Return whose period an invoice is for."""
    purpose = owed.purpose
    return purpose.subscription_id if isinstance(purpose, SubscriptionPeriod) else None


def _since(attempt: Attempt) -> datetime:
    match attempt.state:
        case Sent(at=since) | Accepted(since=since) | Unknown(since=since):
            return since
        case _:
            return attempt.created_at


def is_sent(attempt: Attempt) -> bool:
    """Tell whether its call is under way."""
    return isinstance(attempt.state, Sent)


def uuid_or_none(text: str) -> UUID | None:
    """Read an id of ours; None for a token that is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def _declined(
    attempt: Attempt, receipt: said.OperatorReceipt, reason: DeclineReason, word: str
) -> provider.Declined:
    raw_code = f"{receipt.code} {word}".strip()
    snapshot = _snapshot(attempt, receipt, None) if receipt.token else None
    return provider.Declined(Decline(reason, raw_code), snapshot)


def _snapshot(
    attempt: Attempt,
    receipt: said.OperatorReceipt,
    captured_at: datetime | None,
    *,
    money: Money | None = None,
) -> provider.PaymentSnapshot:
    """Show a charge as a payment; the token is the operator's, or ours where it has none."""
    taken = money is not None
    return provider.PaymentSnapshot(
        provider=attempt.provider,
        external_id=receipt.token or str(attempt.id),
        status=provider.PaymentStatus.SUCCEEDED if taken else provider.PaymentStatus.PENDING,
        money=money or attempt.money,
        captured=money or Money.zero(attempt.money.currency),
        refunded=Money.zero(attempt.money.currency),
        created_at=attempt.created_at,
        captured_at=captured_at,
        raw={"code": receipt.code},
    )
