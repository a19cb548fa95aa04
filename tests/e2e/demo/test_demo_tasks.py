"""A history of work becomes books that agree with a fold of it by hand."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from entrypoints.demo.tasks.deliveries import tell
from entrypoints.demo.tasks.history import History, read_history
from tests.e2e.demo.test_demo import kazna

SAMPLE = Path(__file__).parents[3] / "src/entrypoints/demo/data/tasks.jsonl"


def walked(folder: Path, *arguments: str) -> dict[str, Any]:
    folders = ("--folder", str(folder / "data"), "--report", str(folder / "report"))
    ended = kazna("demo", "tasks", *arguments, *folders, "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    report: dict[str, Any] = json.loads(ended.stdout)
    assert all(check["holds"] for check in report["checks"]), report["checks"]
    assert "<script" not in (folder / "report" / "exchange.svg").read_text()
    return report


def test_idle_nights_at_once_pay_what_night_by_night_pays(tmp_path: Path) -> None:
    asked = ("--file", str(SAMPLE), "--most", "25")
    at_once = walked(tmp_path / "once", *asked)
    one_by_one = walked(tmp_path / "each", *asked, "--every-night")

    assert at_once["nights"] < one_by_one["nights"] == at_once["totals"]["days_closed"]
    history = at_once["events"]
    assert at_once["deliveries"] > history > 75
    # The days through the API draw at random; what the history led to is the same to the cent.
    last = max(row["run"] for row in at_once["payouts"])
    first_own_day = sorted({row["run"] for row in at_once["payouts"]})[-11:][0]
    assert last >= first_own_day

    def of_history(report: dict[str, Any]) -> list[Any]:
        people = {row["person_id"] for row in at_once["payouts"]}
        return [
            row
            for row in report["payouts"]
            if row["run"] < first_own_day and row["person_id"] in people
        ]

    assert of_history(at_once) == of_history(one_by_one)
    assert of_history(at_once)


def made_repository(folder: Path, commits: int) -> Path:
    def git(*arguments: str, **environ: str) -> None:
        subprocess.run(
            ["git", "-c", "init.defaultBranch=main", "-C", str(folder), *arguments],
            check=True,
            capture_output=True,
            env={"HOME": str(folder), "PATH": "/usr/local/bin:/usr/bin:/bin", **environ},
        )

    folder.mkdir()
    git("init")
    for number in range(commits):
        at = f"2024-05-{number + 1:02}T10:00:00+03:00"
        git(
            *("commit", "--allow-empty", "-m", f"Step \u2028 {number}"),
            GIT_AUTHOR_NAME="A",
            GIT_AUTHOR_EMAIL=f"a{number % 2}@example.com",
            GIT_AUTHOR_DATE=at,
            GIT_COMMITTER_NAME="B",
            GIT_COMMITTER_EMAIL="b@example.com",
            GIT_COMMITTER_DATE=at,
        )
    return folder


def test_a_repository_is_read_with_pseudonyms(tmp_path: Path) -> None:
    history = read_history(made_repository(tmp_path / "r", 4), None, most=None)
    assert len(history.work) == 4
    assert history.people == ["worker-001", "worker-002", "worker-003"]
    assert {one.title for one in history.work} == {f"Step {number}" for number in range(4)}
    assert not any("@" in name for name in history.people)


def test_the_same_seed_draws_the_same_disorder() -> None:
    history = read_history(None, SAMPLE, most=None)
    one, same, other = (tell(history, seed) for seed in (1, 1, 2))
    assert one.deliveries == same.deliveries != other.deliveries
    twice = len(one.deliveries) / one.events - 1
    assert 0.25 < twice < 0.35
    handed_on = len(one.assignments) - len(history.work)
    assert 0 < handed_on < len(history.work) / 5


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "there is no work"),
        ("{", "line 1"),
        ('{"task_id": "a"}', "assignee is missing"),
        (
            '{"task_id": "a", "assignee": "b", "assigned_at": "yesterday", "completed_at": "now"}',
            "line 1",
        ),
        (
            '{"task_id": "a", "assignee": "b", "assigned_at": "2024-01-01T00:00:00",'
            ' "completed_at": "2024-01-01T00:00:00Z"}',
            "no offset",
        ),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_line(
    tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "tasks.jsonl"
    file.write_text(text)
    ended = kazna("demo", "tasks", "--file", str(file), "--folder", str(tmp_path / "data"))
    assert ended.returncode not in (0, 1)
    assert told in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    ended = kazna("demo", "tasks", "--git", str(tmp_path), "--folder", str(tmp_path / "data"))
    assert ended.returncode not in (0, 1)
    assert "git cannot read" in ended.stderr


def test_the_sample_is_a_history() -> None:
    history: History = read_history(None, SAMPLE, most=None)
    assert len(history.work) == 240
    assert len(history.people) == 14
