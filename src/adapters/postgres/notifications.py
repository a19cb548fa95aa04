"""Notifications of payouts, whom they go to, and what is looked at of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import tables
from adapters.postgres.bulk import insert_many
from adapters.postgres.codec import plain
from adapters.postgres.connections import borrowed
from adapters.postgres.queries import cursor_of, read_cursor
from adapters.postgres.subscriptions import utc
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.notifications.ports import Addressee
from application.ports import Listing, Page
from domain.notifications.events import WhyFailed
from domain.notifications.notice import PAYOUT, PayoutNotice
from domain.notifications.notification import Failed, Notification, Sent, State, UnderWay, Waiting
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money

_LOCK = """
SELECT * FROM notification WHERE kind = 'payout' AND payout_id = ANY($1)
ORDER BY payout_id FOR UPDATE
"""
_SAVE = """
UPDATE notification AS kept SET state = given.state, attempts = given.attempts,
    first_try_at = given.first_try_at, next_try_at = given.next_try_at, sent_at = given.sent_at,
    failed_at = given.failed_at, message_id = given.message_id, reason = given.reason,
    last_error = given.last_error
FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[], $5::timestamptz[],
    $6::timestamptz[], $7::timestamptz[], $8::text[], $9::text[], $10::text[])
    AS given(payout_id, state, attempts, first_try_at, next_try_at, sent_at, failed_at, message_id,
        reason, last_error)
WHERE kept.kind = 'payout' AND kept.payout_id = given.payout_id
"""
_SAVED = (
    "state",
    "attempts",
    "first_try_at",
    "next_try_at",
    "sent_at",
    "failed_at",
    "message_id",
    "reason",
    "last_error",
)
_TAKE = """
UPDATE notification AS kept SET next_try_at = NULL FROM (
    SELECT kind, payout_id FROM notification WHERE next_try_at <= $1
    ORDER BY next_try_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS due
WHERE kept.kind = due.kind AND kept.payout_id = due.payout_id RETURNING kept.*
"""
_PEOPLE = "SELECT id, name, email, language FROM person WHERE id = ANY($1) AND email IS NOT NULL"
_LISTED = """
SELECT kind, payout_id, person_id, amount_minor, currency, run_date, state, attempts, created_at,
    first_try_at, next_try_at, sent_at, failed_at, message_id, reason, last_error
FROM notification
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR (created_at, payout_id) < (
    SELECT created_at, payout_id FROM notification AS last
    WHERE last.kind = 'payout' AND last.payout_id = $2))
ORDER BY created_at DESC, payout_id DESC LIMIT $3
"""


class PostgresNotifications:
    """The rows of notifications, on the connection of the unit of work it is given."""

    async def open(
        self, uow: PostgresUnitOfWork, notices: Sequence[PayoutNotice], now: datetime
    ) -> Mapping[UUID, Notification]:
        """Write down those that are new, under way; lock and return all, by payout."""
        ordered = sorted(notices, key=lambda one: one.payout_id)
        rows = [_row(Notification(notice=one, created_at=now)) for one in ordered]
        await insert_many(
            uow.driver, tables.notifications.notification, rows, "ON CONFLICT DO NOTHING"
        )
        return await self.lock(uow, [one.payout_id for one in ordered])

    async def lock(
        self, uow: PostgresUnitOfWork, payouts: Collection[UUID]
    ) -> Mapping[UUID, Notification]:
        """Lock and return those that exist, by payout."""
        rows = await uow.driver.fetch(_LOCK, list(payouts))
        return {row["payout_id"]: _notification(row) for row in rows}

    async def save(self, uow: PostgresUnitOfWork, notifications: Sequence[Notification]) -> None:
        """Write down how far they are; they are locked."""
        if not notifications:
            return
        rows = [_row(one) for one in notifications]
        columns = [[row[name] for row in rows] for name in ("payout_id", *_SAVED)]
        await uow.driver.execute(_SAVE, *columns)

    async def take_due(
        self, uow: PostgresUnitOfWork, now: datetime, limit: int
    ) -> Sequence[PayoutNotice]:
        """Put those that are due under way, leaving out what others hold; return their notices."""
        return [_notice(row) for row in await uow.driver.fetch(_TAKE, now, limit)]

    async def count_due(self, uow: PostgresUnitOfWork, now: datetime) -> int:
        """Count those that are due."""
        sql = "SELECT count(*) FROM notification WHERE next_try_at <= $1"
        return int(await uow.driver.fetchval(sql, now))


class PostgresAddressees:
    """People of this deployment, whom letters go to whether or not they are active."""

    async def find(
        self, uow: PostgresUnitOfWork, people: Collection[UUID]
    ) -> Mapping[UUID, Addressee]:
        """Return those who have an address."""
        rows = await uow.driver.fetch(_PEOPLE, list(people))
        return {
            row["id"]: Addressee(name=row["name"], email=row["email"], language=row["language"])
            for row in rows
        }


class PostgresNotificationQueries:
    """Read models of notifications; addresses are not in them."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def notifications(self, page: Page, state: str | None) -> Listing:
        """Return notifications, latest first, in one state or all."""
        text = read_cursor(page.cursor)
        try:
            before = UUID(text) if text else None
        except ValueError as error:
            raise InvalidValue("that cursor was not given out here") from error
        async with borrowed(self._engine) as (_, driver):
            rows = await driver.fetch(_LISTED, state, before, page.limit + 1)
        items = [plain(dict(row)) for row in rows[: page.limit]]
        more = cursor_of(items[-1]["payout_id"]) if len(rows) > page.limit else None
        return Listing(items=items, next_cursor=more)


def _row(one: Notification) -> dict[str, Any]:
    notice, state = one.notice, one.state
    return {
        "kind": PAYOUT,
        "payout_id": notice.payout_id,
        "person_id": notice.person_id,
        "currency": notice.amount.currency.code,
        "amount_minor": notice.amount.amount_minor,
        "opening_carry_minor": notice.opening_carry.amount_minor,
        "period_net_minor": notice.period_net.amount_minor,
        "run_date": notice.run_date,
        "state": _state_word(state),
        "attempts": one.attempts,
        "created_at": one.created_at,
        "first_try_at": one.first_try_at,
        "next_try_at": state.due_at if isinstance(state, Waiting) else None,
        "sent_at": state.at if isinstance(state, Sent) else None,
        "failed_at": state.at if isinstance(state, Failed) else None,
        "message_id": state.message_id if isinstance(state, Sent) else None,
        "reason": state.reason.value if isinstance(state, Failed) else None,
        "last_error": one.last_error,
    }


def _state_word(state: State) -> str:
    match state:
        case UnderWay() | Waiting():
            return "pending"
        case Sent():
            return "sent"
        case Failed():
            return "failed"


def _notice(row: Mapping[str, Any]) -> PayoutNotice:
    currency = Currency(row["currency"])
    return PayoutNotice(
        payout_id=row["payout_id"],
        person_id=row["person_id"],
        amount=Money(row["amount_minor"], currency),
        run_date=row["run_date"],
        opening_carry=Money(row["opening_carry_minor"], currency),
        period_net=Money(row["period_net_minor"], currency),
    )


def _notification(row: Mapping[str, Any]) -> Notification:
    first = row["first_try_at"]
    return Notification(
        notice=_notice(row),
        created_at=utc(row["created_at"]),
        attempts=row["attempts"],
        first_try_at=None if first is None else utc(first),
        last_error=row["last_error"],
        state=_state(row),
    )


def _state(row: Mapping[str, Any]) -> State:
    match row["state"]:
        case "sent":
            return Sent(utc(row["sent_at"]), row["message_id"])
        case "failed":
            return Failed(utc(row["failed_at"]), WhyFailed(row["reason"]))
        case _ if row["next_try_at"] is None:
            return UnderWay()
        case _:
            return Waiting(utc(row["next_try_at"]))
