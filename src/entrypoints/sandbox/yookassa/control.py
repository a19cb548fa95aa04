"""The control API: what a test, a demo or a curious person may do behind YooKassa's back."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from entrypoints.sandbox.conditions import condition_routes
from entrypoints.sandbox.configured import forget_patches, keep_patch, patched
from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.guard import control_guard
from entrypoints.sandbox.yookassa import (
    books,
    deadlines,
    entries,
    machine,
    methods,
    notifications,
    payments,
    payouts,
    refunds,
    wire,
)
from entrypoints.sandbox.yookassa.behaviour import EVENTS, Behaviour
from entrypoints.sandbox.yookassa.cards import decline
from entrypoints.sandbox.yookassa.errors import ApiError
from entrypoints.sandbox.yookassa.sender import ShopMail
from entrypoints.sandbox.yookassa.shop import Shop

PREFIX: Final = "/sandbox/control"


class PaymentOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with a payment that is still open."""

    outcome: Literal["pay", "decline", "expire"]
    reason: str = "general_decline"


class RefundOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Literal["succeed", "decline"]
    reason: str = "insufficient_funds"


class PayoutOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    outcome: Literal["succeed", "decline"]
    reason: str = "recipient_not_found"


class Resend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send a payment's present state again, under any event, any number of times."""

    payment_id: str
    event: str
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1


def control_router(shop: Shop, faults: Faults, base: Behaviour, token: str) -> Router:
    """Return the control routes; each needs the header `X-Sandbox-Control: <token>`."""

    def now_ms() -> int:
        moment_ms = shop.clock.now_ms()
        deadlines.apply_due(shop, moment_ms)
        return moment_ms

    def change(data: dict[str, Any]) -> None:
        shop.behaviour = patched(shop.behaviour, data)
        keep_patch(shop.store, data)
        shop.bell.set()

    def forget(keep_config: bool) -> None:
        shop.forget()
        if not keep_config:
            shop.behaviour = base
            forget_patches(shop.store)

    @get("/payments")
    async def all_payments() -> Stream:
        now_ms()
        return Stream(_lines(books.payments(shop.store)), media_type="application/x-ndjson")

    @get("/refunds")
    async def all_refunds() -> Stream:
        return Stream(_lines(books.refunds(shop.store)), media_type="application/x-ndjson")

    @get("/payouts")
    async def all_payouts() -> Stream:
        now_ms()
        return Stream(_lines(books.payouts(shop.store)), media_type="application/x-ndjson")

    @post("/payments/{payment_id:str}/outcome", status_code=200, sync_to_thread=False)
    def force_payment(payment_id: FromPath[str], data: JSONBody[PaymentOutcome]) -> wire.Payment:
        at_ms = now_ms()
        with shop.store.transaction():
            entry = entries.get(shop.store, payment_id)
            if entry.payment.status not in ("pending", "waiting_for_capture"):
                raise ApiError(409, "invalid_request", f"Payment is {entry.payment.status}")
            match data.outcome:
                case "pay" if entry.payment.status == "pending":
                    entry = payments.taken(shop, entry, at_ms)
                case "pay":
                    entry = machine.settle(entry, entry.amount_minor, at_ms=at_ms)
                case "decline":
                    entry = machine.decline(entry, decline(data.reason))
                case "expire":
                    entry = machine.expire(entry)
            payments.changed(shop, entry, at_ms)
        return entry.payment

    @post("/refunds/{refund_id:str}/outcome", status_code=200, sync_to_thread=False)
    def force_refund(refund_id: FromPath[str], data: JSONBody[RefundOutcome]) -> wire.Refund:
        reason = data.reason if data.outcome == "decline" else None
        with shop.store.transaction():
            return refunds.finish(shop, refund_id, now_ms(), declined_for=reason)

    @post("/payouts/{payout_id:str}/outcome", status_code=200, sync_to_thread=False)
    def force_payout(payout_id: FromPath[str], data: JSONBody[PayoutOutcome]) -> wire.Payout:
        reason = data.reason if data.outcome == "decline" else None
        at_ms = now_ms()
        with shop.store.transaction():
            return payouts.finish(shop, payout_id, at_ms, reason)

    @post("/methods/{method_id:str}/revoke", status_code=200, sync_to_thread=False)
    def revoke(method_id: FromPath[str]) -> wire.BoundMethod:
        return methods.revoke(shop, method_id)

    @post("/notifications", status_code=202, sync_to_thread=False)
    def resend(data: JSONBody[Resend]) -> dict[str, int]:
        if data.event not in EVENTS:
            raise ValidationException(f"no such event: {data.event}")
        body = entries.encode(entries.get(shop.store, data.payment_id).payment)
        at_ms = now_ms()
        with shop.store.transaction():
            for _ in range(data.times):
                notifications.announce(shop, data.event, body, at_ms)
        return {"queued": data.times}

    @get("/stats", sync_to_thread=False)
    def stats() -> books.Stats:
        now_ms()
        return books.stats(shop, faults)

    return Router(
        PREFIX,
        guards=[control_guard(token)],
        exception_handlers={ApiError: _refused},
        include_in_schema=False,
        route_handlers=[
            *condition_routes(
                faults=faults,
                bag=ShopMail(shop),
                now_ms=now_ms,
                behaviour=lambda: shop.behaviour,
                change=change,
                forget=forget,
            ),
            all_payments,
            all_refunds,
            all_payouts,
            force_payment,
            force_refund,
            force_payout,
            revoke,
            resend,
            stats,
        ],
    )


def _refused(_: Request[Any, Any, Any], error: ApiError) -> Response[bytes]:
    return Response(error.body(), status_code=error.status, media_type="application/json")


async def _lines(pages: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for page in pages:
        yield page
