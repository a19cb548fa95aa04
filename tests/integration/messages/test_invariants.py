"""The checks of messages see what they are there to see."""

import pytest

from tests.integration.messages.rig import NOW, Rig

MESSAGE = "INSERT INTO message (queue, name, payload, state, lease, lease_until, run_at) VALUES "


async def test_an_empty_and_a_busy_engine_break_no_rule(rig: Rig) -> None:
    assert await rig.violations() == []
    await rig.send({"n": 1})
    await rig.do(
        MESSAGE + "('jobs', 'a', '{}', 'leased', gen_random_uuid(), now() + interval '5 s', now())"
    )

    assert await rig.violations(drained=False) == []


@pytest.mark.parametrize(
    ("rule", "breaking"),
    [
        (14, MESSAGE + "('nobodys', 'a', '{}', 'ready', NULL, NULL, now())"),
        (14, MESSAGE + "('jobs', 'a', '{}', 'ready', NULL, NULL, now() + interval '1 year')"),
        (
            15,
            MESSAGE
            + "('jobs', 'a', '{}', 'leased', gen_random_uuid(), now() - interval '9 s', now())",
        ),
        (16, "INSERT INTO inbox (source, external_id, raw, verified) VALUES ('y', '1', '', true)"),
        (19, MESSAGE + "('jobs', 'a', '{}', 'ready', NULL, NULL, now() - interval '9 s')"),
    ],
)
async def test_a_broken_rule_is_reported_by_its_number(rig: Rig, rule: int, breaking: str) -> None:
    await rig.do(breaking)

    assert rule in {violation.rule for violation in await rig.violations()}


async def test_a_tick_ahead_of_its_schedule_is_reported(rig: Rig) -> None:
    await rig.do(
        "INSERT INTO schedule (name, queue, message_name, every_seconds, next_due)"
        " VALUES ('a', 'jobs', 'jobs.run.v1', 60, $1)",
        NOW,
    )
    assert await rig.violations() == []

    await rig.do("INSERT INTO tick VALUES ('a', $1)", NOW)

    assert [violation.rule for violation in await rig.violations()] == [14]


async def test_an_inbox_row_with_a_message_is_in_sight(rig: Rig) -> None:
    await rig.do(
        "INSERT INTO inbox (source, external_id, raw, verified) VALUES ('y', '1', '', true)"
    )
    await rig.send({"inbox_id": await rig.value("SELECT id FROM inbox")}, queue="webhooks")

    assert await rig.violations(drained=False) == []
