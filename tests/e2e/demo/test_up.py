"""One terminal runs a whole deployment: what dies comes back, what is stopped is gone."""

import os
import signal
import sys
from pathlib import Path

import httpx
import pytest

from adapters.embedded.ports import free_port
from tests.e2e.demo.conftest import Started
from tests.e2e.demo.test_demo import kazna
from tests.servers import is_running, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


class Deployment(Started):
    """A running `kazna up` in a folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self.settings = {
            "data_folder": str(folder / "data"),
            "api_port": str(self.port),
            "sandbox_port": str(free_port()),
            **settings,
        }
        super().__init__(folder / "log", "up", **self.settings)

    @property
    def is_ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/ready", timeout=2).is_success
        except httpx.HTTPError:
            return False


@pytest.fixture
def deployment(tmp_path: Path, starting: list[Started]) -> Deployment:
    one = Deployment(tmp_path, clock="virtual")
    starting.append(one)
    one.wait_to_say("Ctrl-C stops everything")
    return one


def test_other_commands_find_it_and_it_stops_in_order(deployment: Deployment) -> None:
    folder = {"data_folder": deployment.settings["data_folder"]}
    assert deployment.is_ready
    books = kazna("check-ledger", "--json", **folder)
    moved = kazna("clock", "advance", "--days", "1", "--json", clock="virtual", **folder)

    assert books.returncode == 0, books.stderr
    assert moved.returncode == 0, moved.stderr
    wait_until(lambda: '"autopayments"' in kazna_runs(deployment), "the run of the job", seconds=20)
    code, left = deployment.end(signal.SIGTERM)

    assert code == 0
    assert left == []
    assert "Traceback" not in deployment.said


def kazna_runs(deployment: Deployment) -> str:
    folder = {"data_folder": deployment.settings["data_folder"]}
    token = kazna("token", "--role", "admin", "--subject", "test", **folder).stdout.strip()
    url = f"http://127.0.0.1:{deployment.port}/api/v1/admin/job-runs"
    return httpx.get(url, headers={"authorization": f"Bearer {token}"}).text


def test_processes_and_servers_that_die_are_started_again(deployment: Deployment) -> None:
    for victim in ("main worker", "main api", "main scheduler", "main sandbox"):
        pid = deployment.child(victim)
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda victim=victim, pid=pid: not is_running(pid) and comes_back(deployment, victim),
            f"a new {victim}",
        )
    redis = deployment.child("redis-server -") if has(deployment, "redis-server -") else None
    if redis is not None:
        os.kill(redis, signal.SIGKILL)
    wait_until(lambda: deployment.is_ready, "the API", seconds=20)

    assert deployment.end(signal.SIGINT) == (0, [])


def has(deployment: Deployment, words: str) -> bool:
    try:
        return deployment.child(words) > 0
    except StopIteration:
        return False


def comes_back(deployment: Deployment, words: str) -> bool:
    return has(deployment, words)


def test_children_do_not_outlive_a_parent_that_was_killed(deployment: Deployment) -> None:
    _, left = deployment.end(signal.SIGKILL)

    wait_until(lambda: not any(is_running(pid) for pid in left), "the end of all", seconds=30)


def test_a_folder_belongs_to_one_deployment(deployment: Deployment, tmp_path: Path) -> None:
    second = kazna("up", data_folder=deployment.settings["data_folder"])

    assert second.returncode == 3
    assert "in use" in second.stderr


def test_a_taken_port_is_named(deployment: Deployment, tmp_path: Path) -> None:
    second = kazna(
        "up", data_folder=str(tmp_path / "other"), api_port=deployment.settings["api_port"]
    )

    assert second.returncode == 3
    assert "KAZNA_API_PORT" in second.stderr
