"""Processes die, stop, hang and are asked to end; every effect happens once and work goes on."""

from adapters.redis.broker import create_broker
from entrypoints.workers.watchdog import STUCK_EXIT_CODE
from tests.e2e.messages_faults.app import LOCAL, REMOTE
from tests.e2e.messages_faults.stage import Stage


async def test_a_worker_killed_in_the_middle_of_a_batch(stage: Stage) -> None:
    stage.worker(), stage.worker()
    await stage.goes_on(seconds=30)
    await stage.send("local", 200, gate="middle")
    victim = await stage.by_pid(await stage.someone_at("middle"))

    victim.kill9()
    stage.gates.open("middle")

    await stage.goes_on()
    await stage.exactly_once()


async def test_a_worker_killed_between_reserve_and_call(stage: Stage) -> None:
    stage.worker(), stage.worker()
    await stage.goes_on(seconds=30)
    numbers = await stage.send("remote", 5, reserved="reserve")
    victim = await stage.by_pid(await stage.someone_at("reserve"))

    victim.kill9()
    stage.gates.open("reserve")

    await stage.goes_on()
    await stage.exactly_once()
    rows = await stage.query("SELECT calls FROM gateway WHERE n = ANY($1)", numbers)
    assert [row["calls"] for row in rows] == [1] * 5


async def test_a_worker_killed_after_the_call_before_the_record(stage: Stage) -> None:
    stage.worker()
    await stage.goes_on(seconds=30)
    await stage.send("remote", 5, called="call")
    victim = await stage.by_pid(await stage.someone_at("call"))

    victim.kill9()
    stage.gates.open("call")
    stage.worker()

    await stage.goes_on()
    await stage.exactly_once()


async def test_a_worker_stopped_beyond_its_lease_wakes_up_as_a_zombie(stage: Stage) -> None:
    stage.worker(), stage.worker()
    await stage.goes_on(seconds=30)
    await stage.send("remote", 3, called="zombie")
    zombie = await stage.by_pid(await stage.someone_at("zombie"))

    zombie.stop()
    stage.gates.open("zombie")
    await stage.done()
    zombie.go_on()
    for other in stage.workers:
        if other is not zombie:
            assert await other.terminated() == 0

    await stage.goes_on()
    assert await zombie.terminated() == 0
    await stage.exactly_once()


async def test_a_worker_stopped_with_rows_locked_wakes_up_after_they_were_given_away(
    stage: Stage,
) -> None:
    """The database ends the transaction of a process that sleeps too long; here it is told to."""
    sleeper = stage.worker(LOCAL)
    await stage.send("local", 5, gate="asleep")
    await stage.someone_at("asleep")

    sleeper.stop()
    ended = await stage.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'faults-worker' AND state LIKE 'idle in transaction%'"
    )
    assert len(ended) == 1
    stage.gates.open("asleep")
    stage.worker()
    await stage.done(seconds=20)
    sleeper.go_on()

    await stage.goes_on()
    assert await sleeper.terminated() == 0
    await stage.exactly_once()


async def test_a_worker_asked_to_end_under_load_leaves_nothing_half_done(stage: Stage) -> None:
    first = stage.worker()
    await stage.goes_on(seconds=30)
    for _ in range(20):
        await stage.send("local", 100)
        await stage.send("remote", 10)

    assert await first.terminated() == 0
    rows = await stage.query("SELECT FROM message WHERE state = 'leased'")
    assert rows == []

    stage.worker()
    await stage.done(seconds=30)
    await stage.exactly_once()


async def test_a_worker_whose_loop_is_stuck_ends_itself(stage: Stage) -> None:
    victim = stage.worker()
    await stage.goes_on(seconds=30)
    await stage.send("local", 1, stuck="loop")
    await stage.someone_at("loop")

    async def ended() -> bool:
        return victim.process.poll() is not None

    await stage.until(ended, "the watchdog", seconds=15)
    assert victim.process.returncode == STUCK_EXIT_CODE

    stage.gates.open("loop")
    stage.worker()
    await stage.done(seconds=20)
    await stage.exactly_once()


async def test_poison_among_good_messages_stops_nobody(stage: Stage) -> None:
    stage.worker()
    await stage.goes_on(seconds=30)
    await stage.send("local", 50)
    await stage.send("local", 1, poison=True)
    await stage.send("local", 50)
    await stage.send("remote", 10)
    await stage.send("remote", 1, poison=True)
    await stage.send("remote", 10)

    await stage.done()
    await stage.goes_on()

    async def put_back() -> bool:
        rows = await stage.query("SELECT error FROM message")
        return [row["error"] for row in rows] == ["ValueError: poison"] * 2

    await stage.until(put_back, "both poisons to be put back")
    effects = await stage.effects()
    assert set(effects) == set(stage.acknowledged)
    assert set(effects.values()) == {1}


async def test_the_same_bell_five_times_to_two_workers(stage: Stage) -> None:
    await stage.send("local", 100)
    await stage.send("remote", 15)
    rows = await stage.query("SELECT queue, id FROM message ORDER BY id")
    broker = create_broker(stage.redis.url)
    for _ in range(5):
        for queue in (LOCAL, REMOTE):
            broker.ring([(queue, [row["id"] for row in rows if row["queue"] == queue])])

    stage.worker(), stage.worker()

    await stage.done(seconds=30)
    await stage.exactly_once()
    calls = await stage.query("SELECT calls FROM gateway")
    assert {row["calls"] for row in calls} == {1}
