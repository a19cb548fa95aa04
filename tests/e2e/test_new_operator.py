"""An operator is added while a worker runs: nobody has to restart anything."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.integration.carrier.house import carrier_house


async def test_a_running_worker_takes_up_the_queues_of_a_new_operator(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    environment = {name: value for name, value in os.environ.items() if "KAZNA" not in name} | {
        "KAZNA_DATABASE_URL": database_url,
        "KAZNA_REDIS_URL": redis_url,
        "KAZNA_DATA_FOLDER": str(tmp_path),
        "KAZNA_WORKER_PORT": "0",
    }
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "entrypoints.cli.main", "worker", env=environment
    )
    try:
        async with carrier_house(database_url, redis_url) as home:
            await home.operator()
            await home.service(trial_days=1)
            await home.ordered(carry_out=False)
            async with asyncio.timeout(40):
                while not await home.subscriptions():  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            assert (await home.only()).is_live
        assert worker.returncode is None
    finally:
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(worker.wait(), 30) == 0
