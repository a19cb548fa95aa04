"""What payments call their books: money that moved becomes postings of the ledger.

Both contexts keep their own words and neither imports the other; this translates, inside the
transaction of the settlement that caused them.
"""

from collections.abc import Sequence

from application.ledger.ports import Ledger
from application.payments.ports import MoneyMoved
from domain.ledger.charges import charge_captured, refund_succeeded
from domain.ledger.posting import Posting, References


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
        key=moved.key,
        gateway=moved.provider,
        amount=moved.money,
        revenue=moved.revenue,
        occurred_at=moved.occurred_at,
        cause=moved.cause,
        references=_references(moved),
    )


def _refund(moved: MoneyMoved) -> Posting:
    return refund_succeeded(
        key=moved.key,
        gateway=moved.provider,
        amount=moved.money,
        occurred_at=moved.occurred_at,
        cause=moved.cause,
        references=_references(moved),
    )


def _references(moved: MoneyMoved) -> References:
    return References(
        attempt_id=moved.attempt_id, refund_id=moved.refund_id, invoice_id=moved.invoice_id
    )
