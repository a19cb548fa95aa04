"""Letters to write and send."""

from datetime import UTC, date, datetime
from email.headerregistry import Address
from typing import Any
from uuid import UUID

from application.notifications.ports import Addressee, Letter
from domain.notifications.notice import PayoutNotice
from domain.shared.money import Money

SENDER = Address("Kazna", "payouts", "example.com")
WRITTEN = datetime(2026, 3, 3, 0, 5, tzinfo=UTC)


def a_letter(number: int = 1, **addressee: Any) -> Letter:
    who = {"name": "Nestor", "email": f"worker{number}@example.org", "language": "en", **addressee}
    return Letter(
        notice=PayoutNotice(
            payout_id=UUID(int=number),
            person_id=UUID(int=1000 + number),
            amount=Money.of(123_450, "USD"),
            run_date=date(2026, 3, 2),
            opening_carry=Money.of(-50, "USD"),
            period_net=Money.of(123_500, "USD"),
        ),
        addressee=Addressee(**who),
        written_at=WRITTEN,
    )
