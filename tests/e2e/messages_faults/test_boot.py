"""A worker that cannot be built says so and ends; nothing is claimed by half of it."""

import os
import subprocess
import sys

from tests.e2e.messages_faults.stage import ROOT

BROKEN = """
from application.queues import SHARED_QUEUES
from entrypoints.workers.run import run_worker

async def build():
    raise LookupError("no such provider")

run_worker(build, redis_url="redis://127.0.0.1:1/0", queues=SHARED_QUEUES)
"""


def test_parts_that_cannot_be_built_end_the_process_with_the_reason() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == 1
    assert "BootFailed: the worker cannot start: no such provider" in ended.stderr
