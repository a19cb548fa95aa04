"""The house as it is put together from its settings tells people of what its own job pays."""

from dependency_injector import providers

from adapters.clock import ManualClock
from application.identity.people import NewPerson
from application.ledger.task_events import TASK_EVENT
from application.messaging.remote import RunRemote
from domain.identity.person import PersonRole
from entrypoints.container import build_container, close
from entrypoints.sandbox.mail import MailCatcher
from entrypoints.settings import read_settings
from tests.integration.billing.house import cause
from tests.integration.notifications.office import DAY, SPEC
from tests.integration.tasks.exchange import START, Task, messages

NOBODY_LISTENS = "redis://127.0.0.1:1/0"


async def test_a_person_of_the_tracker_is_told_of_the_payout(database_url: str) -> None:
    async with MailCatcher(login=("kazna", "p/w")) as catcher:
        given = {
            "KAZNA_ENVIRONMENT": "test",
            "KAZNA_SMTP_URL": f"smtp://kazna:p%2Fw@127.0.0.1:{catcher.port}",
            "KAZNA_MAIL_FROM": "Kazna <payouts@example.com>",
        }
        house = build_container(
            read_settings(given), database_url=database_url, redis_url=NOBODY_LISTENS
        )
        clock = ManualClock(START)
        house.clock.override(providers.Object(clock))
        async with house.open_uow()() as uow:
            new = NewPerson(
                name="Nestor", role=PersonRole.WORKER, email="nestor@example.org", language="ru"
            )
            (person,) = await house.tracking().register.within(uow, [new], cause())
            task = Task(1)
            told = [task.created(), task.assigned(1), task.completed()]
            told[1]["data"]["assignee_id"] = told[2]["data"]["completed_by"] = str(person.id)
            await house.exchange().handlers[TASK_EVENT](uow, messages(told))
            await uow.commit()
        clock.advance(DAY)
        assert (await house.run_job()("payouts")).counts["paid"] == 1
        assert len(await RunRemote(house.workshop())(SPEC, [])) == 1
        assert (await house.run_job()("notifications")).counts == {}
        await close(house)

    (letter,) = catcher.letters
    assert letter.message["To"] == "Nestor <nestor@example.org>"
    assert letter.message["Subject"].startswith("Выплата")
