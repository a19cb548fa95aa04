"""What is really told fits what is published, and what is published is understood."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from adapters.postgres.feed import PostgresFeed
from application.ledger.envelopes import Heard, read_envelope
from domain.identity.person import PersonRole
from domain.tasks.title import upcast
from tests.integration.tasks.exchange import hours
from tests.integration.tasks.tracker import TrackedExchange

FOLDER = Path(__file__).parents[3] / "docs" / "events"


def schema_of(event: dict[str, Any]) -> Any:
    path = FOLDER / event["event_name"] / f"{event['event_version']}.json"
    return json.loads(path.read_text())


async def test_everything_the_exchange_tells_fits_its_schema(tracked: TrackedExchange) -> None:
    people = await tracked.hire(3)
    await tracked.alter(people[0], role=PersonRole.ACCOUNTANT)
    task = await tracked.create(people[0], jira_id="POP-1", description="d")
    await tracked.shuffle()
    (row,) = await tracked.rows("SELECT assignee_id FROM task")
    await tracked.complete(task.id, row["assignee_id"])
    # Prices are drawn: so many rewards leave somebody with something to be paid.
    for _ in range(20):
        one = await tracked.create(people[0], jira_id="POP-2", description="d")
        await tracked.complete(one.id, one.assignment.assignee_id)
    await tracked.digest_all()
    tracked.clock.advance(hours(24))
    await tracked.pay()

    events, place = await PostgresFeed(tracked.engine).page(None, 500)
    for event in events:
        told = {name: value for name, value in event.items() if name != "place"}
        Draft202012Validator(
            schema_of(event), format_checker=Draft202012Validator.FORMAT_CHECKER
        ).validate(told)
        known = set(schema_of(event)["properties"]["data"]["properties"])
        assert set(event["data"]) == known, event["event_name"]
    assert {event["event_name"] for event in events} >= {
        "PersonRegistered",
        "PersonChanged",
        "TaskCreated",
        "TaskAssigned",
        "TaskCompleted",
        "TaskPriced",
        "OperationPosted",
        "PayoutCreated",
        "DayClosed",
    }
    assert await PostgresFeed(tracked.engine).page(place, 500) == ([], place)


async def test_the_published_examples_of_tasks_are_read_as_facts() -> None:
    read = 0
    for path in FOLDER.glob("Task*/*.json"):
        if path.parent.name == "TaskPriced":
            continue
        for example in json.loads(path.read_text())["examples"]:
            heard = read_envelope(example, None, upcast)  # type: ignore[arg-type]
            assert isinstance(heard, Heard), heard
            assert heard.fact.details.title == "Feed the parrots"
            assert heard.fact.details.jira_id == "UBERPOP-42"
            read += 1
    assert read == 6
