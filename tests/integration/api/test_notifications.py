"""Notifications of payouts over HTTP: looked at page by page, and sent again when they failed."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from application.notifications.messages import PAYOUT_NOTICE, message_of
from domain.notifications.notice import PayoutNotice
from domain.shared.money import Money
from tests.integration.api.conftest import Api, must_be_problem

PATH = "/api/v1/admin/notifications"


def a_notice() -> PayoutNotice:
    return PayoutNotice(
        payout_id=uuid4(),
        person_id=uuid4(),
        amount=Money.of(3500, "USD"),
        run_date=date(2026, 3, 2),
        opening_carry=Money.of(-1200, "USD"),
        period_net=Money.of(4700, "USD"),
    )


async def told(api: Api, count: int) -> list[UUID]:
    """Tell of payouts where there is no mail server, so that they wait."""
    notices = [a_notice() for _ in range(count)]
    for notice in notices:
        async with api.house.open_uow()() as uow:
            uow.messages.add([message_of(notice)])
            await uow.commit()
    await api.work()
    return [notice.payout_id for notice in notices]


async def listed(api: Api, query: str = "") -> Any:
    return await api.must("GET", PATH + query, role="accountant")


async def test_notifications_are_listed_latest_first_and_by_state(api: Api) -> None:
    payouts = await told(api, 3)

    first = await listed(api, "?limit=2&state=pending")
    second = await listed(api, f"?limit=2&state=pending&cursor={first['next_cursor']}")

    shown = [UUID(one["payout_id"]) for one in first["items"] + second["items"]]
    assert sorted(shown) == sorted(payouts)
    assert second["next_cursor"] is None
    one = first["items"][0]
    assert (one["state"], one["attempts"], one["amount_minor"]) == ("pending", 0, 3500)
    assert (await listed(api, "?state=sent"))["items"] == []
    must_be_problem(await api.call("GET", PATH + "?state=read", role="admin"), 400)
    must_be_problem(await api.call("GET", PATH + "?cursor=nonsense", role="admin"), 422)


async def test_one_that_failed_is_sent_again_once_and_no_other(api: Api) -> None:
    (payout,) = await told(api, 1)
    path = f"{PATH}/{payout}/resend"
    must_be_problem(await api.call("POST", path, role="accountant"), 409)
    await api.rows(
        "UPDATE notification SET state = 'failed', failed_at = now(), reason = 'refused', "
        "next_try_at = NULL RETURNING 1"
    )

    answer = await api.must("POST", path, role="accountant")

    assert answer == {"payout_id": str(payout), "state": "pending"}
    (message,) = await api.rows("SELECT name, payload FROM message")
    assert (message["name"], message["payload"]["payout_id"]) == (PAYOUT_NOTICE, str(payout))
    (event,) = await api.rows("SELECT actor FROM event WHERE name = 'NotificationResent'")
    assert event["actor"] == "accountant:test"
    must_be_problem(await api.call("POST", path, role="admin"), 409)
    must_be_problem(await api.call("POST", f"{PATH}/{uuid4()}/resend", role="admin"), 404)
    must_be_problem(await api.call("POST", path, role="manager"), 403)
