"""What every card provider promises of listings and notifications: the ways to learn the truth."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from application.payments.provider import (
    EventKind,
    ListingFailed,
    NotificationRefused,
    PaymentFilter,
    PaymentSnapshot,
    PaymentStatus,
)
from tests.contract.gateway import Gateway
from tests.contract.requests import (
    PRICE,
    begun,
    checkout,
    current,
    needs,
    opened,
    paid,
    reference,
    refund,
)

T = TypeVar("T")
MINUTE = timedelta(minutes=1)


async def every(pages: AsyncIterator[Sequence[T]]) -> list[T]:
    return [row async for page in pages for row in page]


async def listed(gateway: Gateway, wanted: PaymentFilter) -> list[str | None]:
    return [payment.reference for payment in await every(gateway.provider.list_payments(wanted))]


@pytest.mark.parametrize("page_size", [100, 7])
async def test_every_payment_is_listed_exactly_once_newest_first(
    gateway: Gateway, page_size: int
) -> None:
    references = [reference() for _ in range(250)]
    for place, own in enumerate(references):
        await begun(gateway, checkout(of=own))
        if place % 3 == 0:  # several payments share an instant
            gateway.clock.advance(timedelta(milliseconds=1))

    rows = await every(gateway.provider.list_payments(PaymentFilter(page_size=page_size)))

    assert sorted(str(row.reference) for row in rows) == sorted(references)
    instants = [row.created_at for row in rows]
    assert instants == sorted(instants, reverse=True)


async def test_payments_made_while_the_pages_are_read_shift_nothing(gateway: Gateway) -> None:
    before = [reference() for _ in range(25)]
    for own in before:
        await begun(gateway, checkout(of=own))

    seen: list[str | None] = []
    async for page in gateway.provider.list_payments(PaymentFilter(page_size=10)):
        seen += [payment.reference for payment in page]
        gateway.clock.advance(MINUTE)
        await begun(gateway, checkout())

    assert sorted(map(str, seen)) == sorted(before)


async def test_the_window_of_creation_includes_both_ends(gateway: Gateway) -> None:
    made: list[PaymentSnapshot] = []
    for _ in range(5):
        made.append(await begun(gateway, checkout()))
        gateway.clock.advance(MINUTE)

    inside = await listed(
        gateway, PaymentFilter(created_from=made[1].created_at, created_to=made[3].created_at)
    )

    assert inside == [made[3].reference, made[2].reference, made[1].reference]


async def test_the_window_of_capture_finds_what_was_created_long_before(gateway: Gateway) -> None:
    needs(gateway, "list_by_captured")
    waiting = [await opened(gateway, checkout()) for _ in range(4)]
    instants: list[datetime] = []
    for payment in waiting[:3]:
        gateway.clock.advance(10 * MINUTE)
        instants.append(gateway.clock.now())
        await gateway.pays(payment)

    inside = await listed(
        gateway, PaymentFilter(captured_from=instants[1], captured_to=instants[2])
    )
    later = await listed(gateway, PaymentFilter(captured_from=instants[2] + MINUTE))

    assert sorted(map(str, inside)) == sorted(str(payment.reference) for payment in waiting[1:3])
    assert later == []


@pytest.mark.parametrize("status", [PaymentStatus.PENDING, PaymentStatus.SUCCEEDED])
async def test_a_listing_by_status_holds_no_other(gateway: Gateway, status: PaymentStatus) -> None:
    expected = {
        PaymentStatus.PENDING: (await begun(gateway, checkout())).reference,
        PaymentStatus.SUCCEEDED: (await paid(gateway)).reference,
    }

    assert await listed(gateway, PaymentFilter(status=status)) == [expected[status]]


async def test_a_listing_of_nothing_has_no_rows(gateway: Gateway) -> None:
    assert await listed(gateway, PaymentFilter()) == []


async def test_a_listing_that_cannot_be_read_fails_instead_of_ending(gateway: Gateway) -> None:
    provider, now = gateway.unreachable(), gateway.clock.now()

    with pytest.raises(ListingFailed):
        await every(provider.list_payments(PaymentFilter()))
    with pytest.raises(ListingFailed):
        await every(provider.list_refunds(created_from=now, created_to=now))
    await provider.aclose()


async def test_every_refund_of_the_window_is_listed_exactly_once(gateway: Gateway) -> None:
    payment = await paid(gateway)
    part = PRICE.allocate([1] * 23)[0]
    made: list[str] = []
    for _ in range(12):
        gateway.clock.advance(MINUTE)
        outcome = await gateway.provider.refund(refund(payment, part))
        made.append(outcome.snapshot.external_id)  # type: ignore[union-attr]
    start = gateway.clock.now() - 9 * MINUTE

    rows = await every(
        gateway.provider.list_refunds(created_from=start, created_to=gateway.clock.now())
    )

    assert [row.external_id for row in rows] == list(reversed(made))[:10]
    assert {row.external_payment_id for row in rows} == {payment.external_id}


async def test_a_notification_leads_to_the_payment(gateway: Gateway) -> None:
    payment = await paid(gateway)

    told = gateway.provider.verify_notification(
        await gateway.notification(EventKind.PAYMENT_CHANGED, payment.external_id)
    )

    assert told.provider == gateway.provider.code
    assert told.kind is EventKind.PAYMENT_CHANGED
    assert told.external_id == payment.external_id


async def test_a_notification_that_comes_twice_is_known_by_its_key(gateway: Gateway) -> None:
    payment = await paid(gateway)
    request = await gateway.notification(EventKind.PAYMENT_CHANGED, payment.external_id)

    first = gateway.provider.verify_notification(request)
    second = gateway.provider.verify_notification(replace(request))

    assert first == second


async def test_notifications_out_of_order_still_lead_to_how_the_payment_stands(
    gateway: Gateway,
) -> None:
    needs(gateway, "two_stage")
    held = await paid(gateway, checkout(capture=False))
    early = await gateway.notification(EventKind.PAYMENT_CHANGED, held.external_id)
    await gateway.provider.capture(held.external_id, idempotency_key=reference())
    late = await gateway.notification(EventKind.PAYMENT_CHANGED, held.external_id)

    told = [gateway.provider.verify_notification(each) for each in (late, early)]

    assert told[0].dedupe_key != told[1].dedupe_key
    for each in told:
        assert each.external_id == held.external_id
        assert (await current(gateway, held)).status is PaymentStatus.SUCCEEDED


async def test_a_forged_notification_is_refused(gateway: Gateway) -> None:
    payment = await paid(gateway)
    genuine = await gateway.notification(EventKind.PAYMENT_CHANGED, payment.external_id)

    with pytest.raises(NotificationRefused) as refused:
        gateway.provider.verify_notification(gateway.forged(genuine))

    assert not refused.value.authentic
