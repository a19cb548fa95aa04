"""What payments call their books: money that moved becomes postings of the ledger.

Both contexts keep their own words and neither imports the other; this translates, inside the
transaction of the settlement that caused them.
"""

from collections.abc import Sequence

from application.ledger.ports import Ledger
from application.payments.ports import MoneyMoved
from domain.ledger.charges import charge_captured, refund_succeeded
from domain.ledger.posting import Posting


class PaymentPostings:
    """Posts captures and refunds; a batch is one round trip."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def record_captures(self, moved: Sequence[MoneyMoved]) -> None:
        """Post money that was taken."""
        await self._ledger.post_many([_capture(each) for each in moved])

    async def record_refunds(self, moved: Sequence[MoneyMoved]) -> None:
        """Post money that went back."""
        await self._ledger.post_many([_refund(each) for each in moved])


def _capture(moved: MoneyMoved) -> Posting:
    assert moved.revenue is not None, "captured money was earned by something"
    return charge_captured(
        moved.attempt_id,
        gateway=moved.provider,
        amount=moved.money,
        revenue=moved.revenue,
        occurred_at=moved.occurred_at,
        cause=moved.cause,
        invoice_id=moved.invoice_id,
    )


def _refund(moved: MoneyMoved) -> Posting:
    assert moved.refund_id is not None, "money goes back by a refund"
    return refund_succeeded(
        moved.refund_id,
        attempt_id=moved.attempt_id,
        gateway=moved.provider,
        amount=moved.money,
        occurred_at=moved.occurred_at,
        cause=moved.cause,
        invoice_id=moved.invoice_id,
    )
