"""The composition root builds every object it names, and knows everybody who is sent to it."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dependency_injector import providers

from application.messaging.routing import is_remote
from application.queues import Kind, queue_table
from application.timetable import timetable
from entrypoints.container import Container, build_container, close
from entrypoints.settings import WrongSetting, read_settings

SRC = Path(__file__).parents[2] / "src"
_MESSAGE_NAME = re.compile(
    r'"((?:payments|payouts|jobs|carrier|ledger|tasks|notifications|webhooks|subscriptions)\.[a-z_]+\.v\d+)"'
)
# Local handlers apply messages inside the transaction that claims them.
_LOCAL = {
    "carrier.order.v1",
    "carrier.first_charge.v1",
    "carrier.operator_answer.v1",
    "carrier.operator_report.v1",
    "carrier.sms_answer.v1",
    "carrier.log.v1",
    "ledger.task_event.v1",
    "subscriptions.promote.v1",
    "tasks.reassign.v1",
}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Container]:
    settings = read_settings(
        {
            "KAZNA_DATA_FOLDER": str(tmp_path),
            "KAZNA_CLOCK": "virtual",
            "KAZNA_YOOKASSA_SHOP_ID": "100500",
            "KAZNA_YOOKASSA_SECRET": "secret",
        }
    )
    built = build_container(
        settings, database_url="postgresql://127.0.0.1:1/none", redis_url="redis://127.0.0.1:1/0"
    )
    yield built
    await close(built)


async def test_every_provider_builds_what_it_names(house: Container) -> None:
    built = {name: provider() for name, provider in house.providers.items()}
    assert len(built) > 40
    for name, thing in built.items():
        assert thing is not None, name
        for field in getattr(thing, "__dataclass_fields__", {}):
            held = getattr(thing, field)
            assert not isinstance(held, providers.Provider), f"{name}.{field} was not built"


async def test_every_message_of_ours_has_a_handler_of_its_queues_kind(house: Container) -> None:
    sent = {name for file in SRC.rglob("*.py") for name in _MESSAGE_NAME.findall(file.read_text())}
    handlers: dict[str, Any] = house.handlers()
    assert sent
    assert sent == set(handlers)
    assert {name for name, handler in handlers.items() if not is_remote(handler)} == _LOCAL
    assert queue_table()["payments"].kind is Kind.REMOTE


async def test_the_timetable_names_jobs_that_exist(house: Container) -> None:
    scheduled = {schedule.payload["job"] for schedule in timetable(ZoneInfo("Europe/Moscow"))}
    assert scheduled == set(house.jobs())


GATEWAY = {
    "KAZNA_YOOKASSA_PAYOUT_AGENT": "500500",
    "KAZNA_YOOKASSA_PAYOUT_SECRET": "secret",
}
METHOD = {"KAZNA_PAYOUT_METHOD": "yookassa", "KAZNA_TASK_CURRENCY": "RUB"}


def configured(**given: str) -> Container:
    return build_container(
        read_settings(given),
        database_url="postgresql://127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
    )


@pytest.mark.parametrize(
    ("given", "method", "known"),
    [
        ({}, None, set()),
        (GATEWAY, None, {"yookassa"}),
        (GATEWAY | METHOD, "yookassa", {"yookassa"}),
    ],
)
async def test_payouts_go_where_the_settings_say(
    given: dict[str, str], method: str | None, known: set[str]
) -> None:
    house = configured(**given)

    runs: Any = house.jobs()["payouts"]
    assert (runs.provider and runs.provider.method) == method
    assert set(house.handlers()["payouts.send.v1"].providers) == known
    await close(house)


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        (METHOD, "KAZNA_YOOKASSA_PAYOUT_AGENT must be set"),
        (
            GATEWAY | METHOD | {"KAZNA_YOOKASSA_URL": "http://pay.example/v3"},
            "KAZNA_YOOKASSA_PAYOUT_.: the secret key would travel unencrypted",
        ),
    ],
)
async def test_payouts_that_cannot_work_stop_the_start(
    given: dict[str, str], variable: str
) -> None:
    house = configured(**given)

    with pytest.raises(WrongSetting, match=variable):
        house.exchange()
