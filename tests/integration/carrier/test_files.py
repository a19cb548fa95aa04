"""Files of retries and of numbers, loaded from the command line as operators do it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.memory.operator import BILL_AND_VANISH, Billed
from application.carrier.gateway import (
    Accepted,
    ChargeMode,
    Declined,
    OperatorDecline,
    OperatorReceipt,
    OutcomeUnknown,
)
from domain.carrier.checks import NumberList
from domain.shared.msisdn import Msisdn
from domain.subscriptions.model import Expired, PastDue
from tests.integration.carrier.house import NUMBER, OTHER, PRICE, CarrierHouse
from tests.integration.cli.conftest import Ended, run_python

DECLINED = Declined(OperatorReceipt(token="", code="112"), OperatorDecline.INSUFFICIENT_FUNDS)


@pytest.fixture
async def shop(home: CarrierHouse) -> CarrierHouse:
    await home.operator()
    await home.service()
    return home


class Kazna:
    """`kazna`, on the database of the house."""

    def __init__(self, database_url: str, redis_url: str, folder: Path) -> None:
        self._environment = {
            "KAZNA_DATABASE_URL": database_url,
            "KAZNA_REDIS_URL": redis_url,
            "KAZNA_DATA_FOLDER": str(folder),
        }

    async def __call__(self, *arguments: str) -> Ended:
        return await run_python(
            "-m", "entrypoints.cli.main", *arguments, environment=self._environment
        )


@pytest.fixture
def kazna(database_url: str, redis_url: str, tmp_path: Path) -> Kazna:
    return Kazna(database_url, redis_url, tmp_path)


def _record(home: CarrierHouse, **changed: Any) -> dict[str, Any]:
    then = home.clock.now() - timedelta(days=3)
    return {
        "tid": "t-1",
        "msisdn": NUMBER.digits,
        "operator_code": 41000,
        "country_code": 92,
        "service_code": "tips",
        "price": 250,
        "retry_days": 10,
        "delay_hours": 24,
        "attempts_count": 2,
        "created_at": then.isoformat(),
        "last_pay_attempt_at": (then + timedelta(days=1)).isoformat(),
        **changed,
    }


def _file(folder: Path, *lines: Any) -> str:
    path = folder / "retries.jsonl"
    path.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    )
    return str(path)


async def test_retries_are_loaded_once_with_their_times_and_tries(
    shop: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    file = _file(tmp_path, _record(shop))

    first = await kazna("retries", "load", file, "--json")
    second = await kazna("retries", "load", file, "--json")

    assert (first.code, first.json["inserted"]) == (0, 1)
    assert (second.code, second.json["inserted"], second.json["known"]) == (0, 0, 1)
    state = (await shop.only()).state
    assert isinstance(state, PastDue)
    assert (state.failures, state.since) == (2, shop.clock.now() - timedelta(days=3))
    assert (await shop.job("retries")).counts == {"charged": 1}
    await shop.carry_out()
    assert (await shop.attempts())[0]["status"] == "succeeded"


async def test_a_dry_run_changes_nothing(shop: CarrierHouse, kazna: Kazna, tmp_path: Path) -> None:
    ended = await kazna("retries", "load", _file(tmp_path, _record(shop)), "--dry-run", "--json")

    assert (ended.code, ended.json["inserted"]) == (0, 1)
    assert await shop.subscriptions() == []


async def test_what_is_wrong_is_named_by_its_line_and_kept_aside(
    shop: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    wrong = [
        "{not json",
        _record(shop, price=0),
        _record(shop, msisdn="49301234567"),
        _record(shop, service_code="nothing"),
        _record(shop, operator_code=1),
        _record(shop, subscription_id=999_999),
        _record(shop, created_at="2026-01-01T00:00:00"),
    ]
    file = _file(tmp_path, wrong[0], _record(shop), "", *wrong[1:])
    rejects = tmp_path / "rejects.txt"

    ended = await kazna("retries", "load", file, "--rejects", str(rejects), "--json")

    assert ended.code == 1
    assert (ended.json["inserted"], ended.json["rejected"]) == (1, len(wrong))
    assert [line.split(":")[0] for line in ended.err.splitlines()] == [
        f"line {number}" for number in (1, 4, 5, 6, 7, 8, 9)
    ]
    kept = [line.split("\t")[0] for line in rejects.read_text().splitlines()]
    assert [json.loads(line)["line"] for line in kept] == [1, 4, 5, 6, 7, 8, 9]


async def test_a_retry_of_a_number_that_said_stop_is_not_loaded(
    shop: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    await shop.ordered()
    one = await shop.only()
    wire_id = await shop.value("SELECT wire_id FROM subscription WHERE id = $1", one.id)
    await shop.stop(one.id)

    ended = await kazna(
        "retries", "load", _file(tmp_path, _record(shop, subscription_id=wire_id)), "--json"
    )

    assert (ended.code, ended.json["rejected"]) == (1, 1)
    assert not (await shop.only()).is_live


async def test_a_list_of_numbers_is_imported_with_counts(
    shop: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text(f"+{NUMBER.digits}\n0{OTHER.digits[2:]}\n\nnonsense\n{NUMBER.digits}\n")
    arguments = ("numbers", "import", str(path), "--list", "blacklisted", "--country-code", "92")

    first = await kazna(*arguments, "--json")
    second = await kazna(*arguments, "--json")

    assert (first.code, first.json["added"], first.json["invalid"]) == (1, 2, 1)
    assert (second.json["added"], second.json["known"]) == (0, 3)
    assert first.err == "line 4: " + first.err.removeprefix("line 4: ")
    await shop.ordered()
    assert shop.operators.by_code["mobilink"].asked == []


async def test_a_batch_charges_each_number_once_and_moves_no_subscription(
    shop: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    async with shop.open_uow() as uow:
        await uow.numbers.put_on_list(NumberList.POSTPAID, [OTHER], reason="x", actor="manager:1")
        await uow.commit()
    path = tmp_path / "numbers.txt"
    path.write_text(f"{NUMBER.digits}\n{OTHER.digits}\n{NUMBER.digits}\n+4930123456\nnonsense\n")
    order = ("injection", str(path), "--operator", "mobilink", "--service", "tips", "--name", "b1")

    dry = await kazna(*order, "--dry-run", "--json")
    first = await kazna(*order, "--json")
    await shop.carry_out()
    second = await kazna(*order, "--json")

    assert (dry.code, dry.json["charged"]) == (1, 1)
    assert first.json["charged"] == first.json["postpaid"] == first.json["foreign"] == 1
    assert (second.json.get("charged", 0), second.json["known"]) == (0, 1)
    [attempt] = await shop.attempts()
    assert (attempt["occasion"], attempt["status"]) == ("injection", "succeeded")
    assert await shop.subscriptions() == []
    results = await shop.rows("SELECT result FROM carrier.transactions")
    assert [row["result"] for row in results] == ["injection_paid"]
    assert shop.operators.by_code["mobilink"].asked[0].service_code == "tips"


async def test_numbers_given_up_on_are_charged_once_more_and_stay_expired(
    home: CarrierHouse, kazna: Kazna
) -> None:
    gateway = await home.operator()
    await home.service(delay_hours=24, retry_days=2)
    gateway.will(NUMBER, *[DECLINED] * 5)
    gateway.will(OTHER, *[DECLINED] * 5)
    await home.ordered(home.order(), home.order(OTHER))
    for _ in range(4):
        home.clock.advance(timedelta(days=1, minutes=1))
        await home.run("retries")
        await home.carry_out()
    gateway.script.clear()
    order = ("expired", "--operator", "mobilink", "--service", "tips", "--name", "e1")

    none = await kazna(*order, "--since", "2030-01-01T00:00:00Z", "--json")
    dry = await kazna(*order, "--dry-run", "--json")
    first = await kazna(*order, "--count", "1", "--json")
    await home.carry_out()
    second = await kazna(*order, "--json")
    await home.carry_out()
    paid = await kazna(*order[:-1], "e2", "--not-paid-since", "2026-03-01T00:00:00Z", "--json")

    told = [one.json["charged"] for one in (none, dry, first, second, paid)]
    assert told == [0, 2, 1, 1, 0]
    assert (second.json["known"], paid.json["paid_before"]) == (1, 2)
    states = [(await home.only(number)).state for number in (NUMBER, OTHER)]
    assert all(isinstance(state, Expired) for state in states)
    results = await home.rows(
        "SELECT msisdn FROM carrier.transactions WHERE result = 'expired_paid' ORDER BY msisdn"
    )
    assert [row["msisdn"] for row in results] == [NUMBER.digits, OTHER.digits]


async def test_an_operators_records_settle_what_nobody_knew(
    shop: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    gateway = shop.operators.by_code["mobilink"]
    third = Msisdn("923331112223")
    gateway.will(NUMBER, BILL_AND_VANISH)
    gateway.will(OTHER, OutcomeUnknown("the connection broke"))
    await shop.ordered(shop.order(), shop.order(OTHER), shop.order(third))
    lines = [
        {"token": bill.token, "msisdn": bill.msisdn.digits, "amount_minor": PRICE.amount_minor}
        | {"currency": "PKR", "at": shop.clock.now().isoformat()}
        for bill in gateway.billed
    ]
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    stretch = ("--since", "2026-03-02T00:00:00Z", "--until", "2026-03-03T00:00:00Z")
    order = ("reconcile", str(path), "--operator", "mobilink", *stretch, "--json")

    early = await kazna(*order, "--margin", "1000", "--dry-run")
    broken = await kazna("reconcile", _file(tmp_path, "nonsense"), *order[2:])
    dry = await kazna(*order, "--dry-run")
    first = await kazna(*order)
    await shop.carry_out()
    second = await kazna(*order)

    assert (early.json["not_billed"], broken.code, broken.json["not_billed"]) == (0, 1, 0)
    told = {"dry_run": False, "lines": 2, "agree": 1, "reported": 1, "not_billed": 1}
    assert first.json == told | {"differ": 0, "invalid": 0}
    assert dry.json == first.json | {"dry_run": True}
    assert second.json == first.json | {"agree": 2, "reported": 0, "not_billed": 0}
    states = [(await shop.attempts(number))[0]["status"] for number in (NUMBER, OTHER, third)]
    assert states == ["succeeded", "declined", "succeeded"]
    assert isinstance((await shop.only(OTHER)).state, PastDue)

    path.write_text(json.dumps(lines[0] | {"amount_minor": 1}) + "\n")
    wrong = await kazna(*order)
    assert (wrong.code, wrong.json["differ"]) == (1, 1)
    assert lines[0]["token"] in wrong.err


async def test_records_may_call_a_charge_by_our_name_for_it(
    home: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    gateway = await home.operator(mode=ChargeMode.ASYNC)
    await home.service()
    gateway.will(NUMBER, Accepted(OperatorReceipt(token="op-1", code="0")))
    gateway.billed.append(Billed("op-1", NUMBER, PRICE))
    await home.ordered()
    [attempt] = await home.attempts()
    line = {"token": str(attempt["id"]), "msisdn": NUMBER.digits, "amount_minor": 250}
    path = tmp_path / "records.jsonl"
    path.write_text(json.dumps(line | {"currency": "PKR", "at": "2026-03-02T10:00:00Z"}) + "\n")

    stretch = ("--since", "2026-03-02T00:00:00Z", "--until", "2026-03-03T00:00:00Z")
    ended = await kazna("reconcile", str(path), "--operator", "mobilink", *stretch, "--json")
    await home.carry_out()

    assert ended.json["reported"] == 1
    [settled] = await home.attempts()
    assert (settled["status"], settled["external_id"]) == ("succeeded", "op-1")


async def test_a_batch_for_nobody_is_refused_in_a_sentence(
    shop: CarrierHouse, kazna: Kazna, tmp_path: Path
) -> None:
    path = tmp_path / "numbers.txt"
    path.write_text(f"{NUMBER.digits}\n")

    ended = await kazna(
        "injection", str(path), "--operator", "mobilink", "--service", "none", "--name", "b"
    )

    assert ended.code in (1, 2)
    assert "mobilink/none" in ended.sentence
