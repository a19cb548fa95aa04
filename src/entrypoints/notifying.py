"""The notifications' part of the composition root: who is told of payouts, and by which server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.mail.server import mail_sender, mail_server
from adapters.mail.smtp import SmtpMailer
from adapters.postgres.notifications import (
    PostgresAddressees,
    PostgresNotificationQueries,
    PostgresNotifications,
)
from application.jobs import Job
from application.notifications.messages import PAYOUT_NOTICE
from application.notifications.ports import Mailer
from application.notifications.send import SendNotifications
from application.notifications.take_up import ResendNotification, TakeUpNotifications
from application.ports import Clock, Metrics
from entrypoints.exchange import OpenUnit


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """What a process may need of notifications."""

    resend: ResendNotification
    queries: PostgresNotificationQueries
    handlers: Mapping[str, Any]
    jobs: Sequence[Job]


def build_notifying(
    *,
    engine: AsyncEngine,
    open_uow: OpenUnit,
    clock: Clock,
    metrics: Metrics,
    smtp_url: str | None,
    mail_from: str | None,
) -> Notifying:
    """Put notifications together; without a mail server they are written down and wait."""
    rows = PostgresNotifications()
    mailer: Mailer | None = None
    if smtp_url is not None and mail_from is not None:
        mailer = SmtpMailer(mail_server(smtp_url), mail_sender(mail_from))
    send = SendNotifications(open_uow, rows, PostgresAddressees(), mailer, clock, metrics)
    return Notifying(
        resend=ResendNotification(rows),
        queries=PostgresNotificationQueries(engine),
        handlers={PAYOUT_NOTICE: send},
        jobs=(TakeUpNotifications(open_uow, rows, is_on=mailer is not None),),
    )
