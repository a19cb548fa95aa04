"""People who are paid and told of it: real PostgreSQL, a real SMTP server, a clock by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.clock import ManualClock
from adapters.mail.server import mail_server
from adapters.mail.smtp import SmtpMailer
from adapters.postgres.messages import PostgresMessages
from adapters.postgres.notifications import PostgresAddressees, PostgresNotifications
from adapters.postgres.people import PostgresPeople
from application.jobs import JobOrder, JobReport
from application.messaging.ports import Workshop
from application.messaging.remote import RunRemote
from application.notifications.messages import PAYOUT_NOTICE
from application.notifications.send import SendNotifications
from application.notifications.take_up import ResendNotification, TakeUpNotifications
from application.ports import Message
from application.queues import queue_table
from domain.identity.person import Person, PersonRole
from domain.shared.facts import Cause
from entrypoints.exchange import PAYOUT_LISTENERS
from entrypoints.sandbox.mail import Caught, MailCatcher
from tests.adapters.mail.letters import SENDER
from tests.integration.tasks.exchange import PEOPLE, Task, TaskExchange

SPEC = queue_table()["notifications"]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class PostOffice(TaskExchange):
    """The accounting of tasks, with somebody who listens to its payouts."""

    def __init__(self, engine: AsyncEngine, clock: ManualClock, catcher: MailCatcher) -> None:
        super().__init__(engine, clock)
        self.catcher = catcher
        self.people, self.kept = PostgresPeople(), PostgresNotifications()
        self.store = PostgresMessages(engine, entropy=self.entropy)
        self.payouts = replace(self.payouts, listeners=PAYOUT_LISTENERS)
        self.resend = ResendNotification(self.kept)
        self.tasks = 0
        self.use(mail=True)

    def use(self, *, mail: bool) -> None:
        """Begin with a mail server, or without."""
        url = mail_server(f"smtp://127.0.0.1:{self.catcher.port}")
        mailer = SmtpMailer(url, SENDER, timeout_seconds=1) if mail else None
        self.send = SendNotifications(
            self.open_uow, self.kept, PostgresAddressees(), mailer, self.clock, self.metrics
        )
        self.take_up = TakeUpNotifications(self.open_uow, self.kept, is_on=mail)

    @property
    def worker(self) -> RunRemote:
        shop: Any = Workshop(
            units_of_work=self.open_uow,
            store=self.store,
            handlers={PAYOUT_NOTICE: self.send},
            entropy=self.entropy,
            metrics=self.metrics,
        )
        return RunRemote(shop)

    async def hire(self, person: int, **more: Any) -> str:
        """Write somebody down who is reached by mail; return the address."""
        given: dict[str, Any] = {
            "name": f"Worker {person}",
            "email": f"worker{person}@example.org",
            "language": "en",
            **more,
        }
        async with self.open_uow() as uow:
            await self.people.add(
                uow,
                [
                    Person(
                        id=PEOPLE[person],
                        role=PersonRole.WORKER,
                        is_active=True,
                        role_version=1,
                        created_at=self.clock.now(),
                        **given,
                    )
                ],
            )
            await uow.commit()
        return str(given["email"])

    async def earn(self, person: int) -> Task:
        """Let somebody be given a task, and complete it."""
        self.tasks += 1
        task = Task(self.tasks, now=self.clock.now())
        await self.hear(task.created(), task.assigned(person), task.completed())
        return task

    async def owe(self, person: int) -> Task:
        """Let somebody be given a task."""
        self.tasks += 1
        task = Task(self.tasks, now=self.clock.now())
        await self.hear(task.created(), task.assigned(person))
        return task

    async def paid(self, *people: int) -> list[UUID]:
        """Let people earn and be paid; return the payouts."""
        for person in people:
            await self.earn(person)
        self.clock.advance(DAY)
        before = {row["id"] for row in await self.rows("SELECT id FROM payout")}
        await self.pay()
        rows = await self.rows("SELECT id FROM payout ORDER BY person_id")
        return [row["id"] for row in rows if row["id"] not in before]

    async def work(self) -> int:
        """Carry out the queue as a worker does until nothing is due; return how many there were."""
        done = 0
        while batch := await self.worker(SPEC, await self._fallen()):
            done += len(batch)
        return done

    async def _fallen(self) -> list[int]:
        """Name the messages whose worker died, as the sweep does."""
        rows = await self.rows(
            "SELECT id FROM message WHERE state = 'leased' AND lease_until < now()"
        )
        return [row["id"] for row in rows]

    async def leased(self) -> tuple[Sequence[Message], UUID]:
        """Take the queue's messages as a worker that will not end."""
        leased = await self.store.lease(SPEC, [])
        return leased.batch, leased.token

    async def leases_run_out(self) -> None:
        async with self.open_uow() as uow:
            await uow.driver.execute(
                "UPDATE message SET lease_until = now() - interval '1 s' WHERE state = 'leased'"
            )
            await uow.commit()

    async def job(self, **order: Any) -> JobReport:  # type: ignore[override]
        """Run the job that takes up what is due."""
        cause = Cause(actor="job:notifications", reason="test", correlation_id=uuid4())
        return await self.take_up(JobOrder(now=self.clock.now(), cause=cause, **order))

    async def again(self, payout_id: UUID) -> None:
        """Ask by hand for another day of tries."""
        async with self.open_uow() as uow:
            cause = Cause(actor="admin:test", reason="test", correlation_id=uuid4())
            await self.resend.within(uow, payout_id, cause)
            await uow.commit()

    async def notices_differ(self, payout_id: UUID, amount_minor: int) -> int:
        """Add a second message of a payout with another sum; return the true one."""
        async with self.open_uow() as uow:
            await uow.driver.execute(
                "INSERT INTO message (queue, name, payload, order_key) "
                "SELECT queue, name, payload || jsonb_build_object('amount_minor', $1::bigint), "
                "order_key FROM message LIMIT 1",
                amount_minor,
            )
            await uow.commit()
        paid = await self.value("SELECT amount_minor FROM payout WHERE id = $1", payout_id)
        return int(paid)

    async def states(self) -> list[tuple[str, int, str | None]]:
        rows = await self.rows(
            "SELECT state, attempts, reason FROM notification ORDER BY created_at, person_id"
        )
        return [(row["state"], row["attempts"], row["reason"]) for row in rows]

    async def told(self) -> list[str]:
        rows = await self.rows(
            "SELECT name FROM event WHERE name LIKE 'Notification%' ORDER BY position"
        )
        return [row["name"] for row in rows]

    async def open_count(self) -> int:
        return int(await self.value("SELECT count(*) FROM message"))


def ids(letters: Sequence[Caught]) -> list[str]:
    return [one.message["Message-ID"] for one in letters]


def text_of(letter: Caught) -> str:
    body = letter.message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())
