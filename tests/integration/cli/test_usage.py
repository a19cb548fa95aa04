"""Help is quick and complete; what is wrong is one sentence and an exit code."""

import json
from pathlib import Path

import pytest

from entrypoints.cli.main import COMMANDS
from tests.integration.cli.conftest import Ended, Kazna, run_python

_HEAVY = ("sqlalchemy", "litestar", "dramatiq", "asyncpg", "httpx", "rich", "redis", "alembic")


async def bare(*arguments: str, **settings: str) -> Ended:
    environment = {f"KAZNA_{name.upper()}": value for name, value in settings.items()}
    return await run_python("-m", "entrypoints.cli.main", *arguments, environment=environment)


async def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, json, contextlib, io\n"
        "from entrypoints.cli.main import kazna\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    kazna.main(['--help'], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    ended = await run_python("-c", code, environment={})

    assert not set(json.loads(ended.out)) & set(_HEAVY)


async def test_help_names_every_command() -> None:
    ended = await bare("--help")

    assert ended.code == 0
    assert all(f"\n  {name} " in ended.out for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
async def test_every_command_explains_itself(command: str) -> None:
    ended = await bare(command, "--help")

    assert ended.code == 0
    assert ended.out.startswith(f"Usage: kazna {command}")


async def test_an_unknown_command_is_wrong_usage() -> None:
    assert (await bare("bill-everybody")).code == 2


async def test_a_wrong_setting_is_named() -> None:
    ended = await bare("check-ledger", api_port="eighty")

    assert ended.code == 2
    assert ended.sentence.startswith("KAZNA_API_PORT must be")


async def test_an_unknown_setting_is_named() -> None:
    ended = await bare("run", "autopayments", databse_url="postgresql://localhost/kazna")

    assert ended.code == 2
    assert "KAZNA_DATABSE_URL" in ended.sentence


async def test_a_database_that_is_away_is_unavailable(kazna: Kazna) -> None:
    ended = await kazna("check-ledger", database_url="postgresql://kazna:x@127.0.0.1:1/kazna")

    assert ended.code == 3
    assert "the database cannot be used" in ended.sentence


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "everything"], "autopayments"),
        (["worker", "--queues", "payments,nonsense"], "nonsense"),
        (["worker", "--queues", ","], "payments"),
        (["migrate", "--to", "next"], "0001_messages"),
        (["token", "--role", "boss", "--subject", "me"], "manager"),
        (["explain", "nothing"], "nothing"),
        (["sandbox"], "KAZNA_SANDBOX_TOKEN"),
        (["clock", "show"], "KAZNA_CLOCK"),
        (["clock", "advance", "--days", "1"], "KAZNA_CLOCK"),
    ],
)
async def test_what_does_not_exist_is_refused_with_what_does(
    kazna: Kazna, arguments: list[str], named: str
) -> None:
    ended = await kazna(*arguments)

    assert ended.code == 2
    assert named in ended.sentence


@pytest.mark.parametrize("option", ["--now", "--to"])
async def test_an_instant_without_an_offset_is_refused(kazna: Kazna, option: str) -> None:
    command = ["run", "autopayments"] if option == "--now" else ["clock", "advance"]
    ended = await kazna(*command, option, "2026-01-31T09:00")

    assert ended.code == 2
    assert "offset" in ended.err


async def test_the_sandbox_is_refused_in_production(kazna: Kazna) -> None:
    ended = await kazna("sandbox", environment="production", token_key="x" * 40)

    assert ended.code == 2
    assert "production" in ended.sentence


async def test_the_demonstration_is_refused_in_production_and_touches_nothing(
    kazna: Kazna, tmp_path: Path
) -> None:
    folder = tmp_path / "demo"
    ended = await kazna("demo", "--folder", str(folder), environment="production")

    assert ended.code == 2
    assert "production" in ended.sentence
    assert not folder.exists()


async def test_the_demonstration_takes_no_folder_of_somebody_else(
    kazna: Kazna, tmp_path: Path
) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    ended = await kazna("demo", "--folder", str(tmp_path))

    assert ended.code == 2
    assert "choose another folder" in ended.sentence
    assert (tmp_path / "letters.txt").read_text() == "dear"
