"""Looking payments up: by invoice, by number, and through what came after them.

CloudPayments answers an invoice with its latest operation only. Where that is a refund, or a try
that we ourselves refused, it is not the payment: the truth is in what came before.
"""

from datetime import datetime, timedelta

from adapters.providers.cloudpayments import wire
from adapters.providers.cloudpayments.api import TRANSACTION, Api, Failure
from adapters.providers.cloudpayments.history import History, told_of
from adapters.providers.cloudpayments.reasons import is_refused_by_ourselves
from adapters.providers.cloudpayments.translate import (
    created_at,
    number_in,
    payment_snapshot,
    to_money,
)
from application.payments.provider import (
    Found,
    ListingFailed,
    LookUp,
    Missing,
    NotSent,
    OutcomeUnknown,
    Rejected,
    Unreachable,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Money

_LONGEST_ID = 128
# How long before a try we refused an earlier one may have been made.
_TRIES_BEFORE = timedelta(days=2)
_DECLINED = "Declined"


class LookUps:
    """Questions about single payments."""

    def __init__(self, api: Api, history: History) -> None:
        self._api = api
        self._history = history

    async def payment(self, external_id: str) -> LookUp:
        """Return how a payment stands, with what was given back of it."""
        latest = await self._latest(external_id)
        if not isinstance(latest, wire.Transaction):
            return latest
        try:
            return await self._shown(external_id, latest)
        except (ValueError, ArithmeticError, InvalidValue) as error:
            return Unreachable(f"the answer cannot be read: {type(error).__name__}")

    async def transaction(self, external_id: str) -> wire.Transaction | Missing | Unreachable:
        """Return the payment's own transaction, whatever came after it."""
        latest = await self._latest(external_id)
        if not isinstance(latest, wire.Transaction):
            return latest
        return await self._payment_behind(latest)

    async def by_number(self, number: int) -> wire.Transaction | Failure:
        """Ask for a transaction by its number."""
        found = await self._api.ask("payments/get", wire.Named(number), TRANSACTION)
        if isinstance(found, wire.Transaction) and found.transaction_id != number:
            return OutcomeUnknown("another transaction was answered")
        return found

    async def _shown(self, external_id: str, latest: wire.Transaction) -> LookUp:
        held = await self._payment_behind(latest)
        if not isinstance(held, wire.Transaction):
            return held
        refunded = await self._refunded(held, latest)
        if isinstance(refunded, Unreachable):
            return refunded
        named = external_id if number_in(external_id) else None
        return Found(payment_snapshot(held, refunded=refunded, external_id=named))

    async def _latest(self, external_id: str) -> wire.Transaction | Missing | Unreachable:
        if not external_id or len(external_id) > _LONGEST_ID:
            return Missing()
        number = number_in(external_id)
        if number is not None:
            return _found(await self.by_number(number))
        body = wire.ByInvoice(external_id)
        found = _found(await self._api.ask("v2/payments/find", body, TRANSACTION))
        if isinstance(found, wire.Transaction) and found.invoice_id != external_id:
            return Unreachable("another invoice was answered")
        return found

    async def _payment_behind(
        self, latest: wire.Transaction
    ) -> wire.Transaction | Missing | Unreachable:
        if latest.type == wire.PAYMENT:
            if latest.status == _DECLINED and is_refused_by_ourselves(latest):
                return await self._before_refusal(latest)
            return latest
        if latest.type == wire.REFUND and latest.original_transaction_id:
            return _found(await self.by_number(latest.original_transaction_id))
        return Missing()

    async def _before_refusal(self, refused: wire.Transaction) -> wire.Transaction | Unreachable:
        created = created_at(refused)
        rows = await self._rows(refused.invoice_id, created - _TRIES_BEFORE, created)
        if isinstance(rows, Unreachable):
            return rows
        return told_of([*rows, refused]) or refused

    async def _refunded(
        self, held: wire.Transaction, latest: wire.Transaction
    ) -> Money | Unreachable:
        """Sum what went back: refunds are operations of their own, between the two given."""
        money = to_money(held.amount, held.currency)
        if latest.type != wire.REFUND:
            return Money.zero(money.currency)
        rows = await self._rows(held.invoice_id, created_at(held), created_at(latest))
        if isinstance(rows, Unreachable):
            return rows
        return sum(
            (
                to_money(row.amount, row.currency)
                for row in rows
                if row.type == wire.REFUND
                and row.original_transaction_id == held.transaction_id
                and row.status == "Completed"
            ),
            start=Money.zero(money.currency),
        )

    async def _rows(
        self, invoice_id: str | None, since: datetime, until: datetime
    ) -> list[wire.Transaction] | Unreachable:
        """Read what happened to an invoice between two instants."""
        rows: list[wire.Transaction] = []
        try:
            async for stretch in self._history.stretches(since, until):
                rows += [row for row in stretch if row.invoice_id == invoice_id]
        except ListingFailed as error:
            return Unreachable(str(error))
        return rows


def _found(answer: wire.Transaction | Failure) -> wire.Transaction | Missing | Unreachable:
    match answer:
        case Rejected(code="not_found"):
            return Missing()
        case Rejected(code, description):
            return Unreachable(f"{code}: {description}")
        case NotSent(why, retry_after) | OutcomeUnknown(why, retry_after):
            return Unreachable(why, retry_after)
        case transaction:
            return transaction
