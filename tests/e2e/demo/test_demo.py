"""The demonstration walks, its books are checked, and nothing of it stays behind."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.demo.conftest import Started

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def kazna(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KAZNA_")}
    given = {f"KAZNA_{name.upper()}": value for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=180,
        env={**kept, **given},
    )


def demo(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return kazna(
        *("demo", "--folder", str(folder / "data"), "--report", str(folder / "report"), "--json"),
        *options,
    )


def outcomes(report: Any) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for row in report["books"]["attempts"]:
        key = row["purpose"], row["status"]
        found[key] = found.get(key, 0) + row["count"]
    return found


def test_seventy_days_without_declines(tmp_path: Path) -> None:
    ended = demo(tmp_path, "--every", "400", "--days", "70")

    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["holds"]
    assert len(report["checks"]) >= 9
    assert all(check["holds"] for check in report["checks"])
    assert set(outcomes(report)) == {("purchase", "succeeded"), ("renewal", "succeeded")}
    assert report["books"]["subscriptions"] == {"active": report["sold"]["members"]}
    chart = (tmp_path / "report" / "revenue.svg").read_text()
    assert "<script" not in chart
    assert "1997-02" in chart
    assert json.loads((tmp_path / "report" / "books.json").read_text())["holds"]


def test_declines_leave_purchases_unpaid_and_subscriptions_past_due(tmp_path: Path) -> None:
    ended = demo(tmp_path, "--every", "400", "--days", "70", "--declines", "30%")

    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert report["holds"]
    assert outcomes(report)["renewal", "declined"] > 0
    bought = report["books"]["purchases"]
    assert bought["paid_minor"] <= bought["issued_minor"]
    assert report["books"]["jobs"]

    (sample,) = report["samples"]
    story = kazna("explain", sample, data_folder=str(tmp_path / "data"))
    assert story.returncode == 0, story.stderr
    assert "declined" in story.stdout
    shown = kazna("clock", "show", data_folder=str(tmp_path / "data"))
    assert shown.stdout.startswith("1997-03-11")


def test_servers_of_the_users_are_used_when_they_are_empty(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    servers = {"database_url": database_url, "redis_url": redis_url}
    arguments = ("demo", "--every", "300", "--days", "8", "--folder", str(tmp_path / "data"))
    first = kazna(*arguments, "--report", str(tmp_path / "report"), "--json", **servers)
    second = kazna(*arguments, **servers)

    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["sold"]["invoices"] > 0
    assert not (tmp_path / "data" / "postgres").exists()
    assert second.returncode == 2
    assert "holds customers already" in second.stderr


@linux
def test_ctrl_c_ends_everything(tmp_path: Path, starting: list[Started]) -> None:
    folder, report = tmp_path / "data", tmp_path / "report"
    arguments = ("--folder", str(folder), "--report", str(report))
    one = Started(tmp_path / "log", "demo", "--every", "400", *arguments)
    starting.append(one)
    one.wait_to_say("1997-01-01")

    code, left = one.end(signal.SIGINT)

    assert code == 130
    assert left == []
    assert "Traceback" not in one.said
    assert not report.exists()
