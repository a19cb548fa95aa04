"""The control API: what a test, a demo or a curious person may do behind Stripe's back."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from entrypoints.sandbox.conditions import condition_routes
from entrypoints.sandbox.configured import forget_patches, keep_patch, patched
from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.guard import control_guard
from entrypoints.sandbox.stripe import (
    books,
    deadlines,
    disputes,
    events,
    methods,
    objects,
    refunds,
    sessions,
)
from entrypoints.sandbox.stripe.behaviour import Behaviour
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.cards import DEFAULT_CARD
from entrypoints.sandbox.stripe.errors import ApiError
from entrypoints.sandbox.stripe.objects import Shown
from entrypoints.sandbox.stripe.platform import Platform
from entrypoints.sandbox.stripe.sender import PlatformMail

PREFIX: Final = "/sandbox/stripe/control"


class SessionOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the payer of an open session does; `decline` fails and leaves it open."""

    outcome: Literal["pay", "decline", "expire"]
    code: str = "generic_decline"
    card: str = DEFAULT_CARD


class RefundOutcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What becomes of a pending refund."""

    outcome: Literal["succeed", "fail"]
    reason: str = "expired_or_canceled_card"


class Resend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send an event again, any number of times."""

    event_id: str
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1


def control_router(platform: Platform, faults: Faults, base: Behaviour, token: str) -> Router:
    """Return the control routes; each needs the header `X-Sandbox-Control: <token>`."""

    def now_ms() -> int:
        moment_ms = platform.clock.now_ms()
        deadlines.apply_due(platform, moment_ms)
        return moment_ms

    def change(data: dict[str, Any]) -> None:
        platform.behaviour = patched(platform.behaviour, data)
        keep_patch(platform.store, data)
        platform.bell.set()

    def forget(keep_config: bool) -> None:
        platform.forget()
        if not keep_config:
            platform.behaviour = base
            forget_patches(platform.store)

    @get("/sessions")
    async def all_sessions() -> Stream:
        now_ms()
        lines = books.lines(platform.store, "checkout.session", books.session_line)
        return Stream(lines, media_type="application/x-ndjson")

    @get("/payments")
    async def all_payments() -> Stream:
        now_ms()
        lines = books.lines(platform.store, "payment_intent", books.payment_line)
        return Stream(lines, media_type="application/x-ndjson")

    @get("/refunds")
    async def all_refunds() -> Stream:
        now_ms()
        lines = books.lines(platform.store, "refund", books.refund_line)
        return Stream(lines, media_type="application/x-ndjson")

    @post("/sessions/{session_id:str}/outcome", status_code=200, sync_to_thread=False)
    def force_session(session_id: FromPath[str], data: JSONBody[SessionOutcome]) -> Shown:
        at_ms = now_ms()
        with platform.store.transaction():
            session = objects.get(platform.store, "checkout.session", session_id)
            match data.outcome:
                case "pay":
                    sessions.pay(platform, session, data.card, at_ms)
                case "decline":
                    sessions.decline(platform, session, data.code, at_ms)
                case "expire":
                    sessions.close(platform, session, at_ms)
        return session.shown

    @post("/refunds/{refund_id:str}/outcome", status_code=200, sync_to_thread=False)
    def force_refund(refund_id: FromPath[str], data: JSONBody[RefundOutcome]) -> Shown:
        at_ms = now_ms()
        with platform.store.transaction():
            refund = objects.get(platform.store, "refund", refund_id)
            reason = data.reason if data.outcome == "fail" else None
            refunds.finish(platform, refund, reason, at_ms)
        return refund.shown

    @post("/payments/{intent_id:str}/dispute", status_code=200, sync_to_thread=False)
    def dispute(intent_id: FromPath[str]) -> Shown:
        at_ms = now_ms()
        with platform.store.transaction():
            return disputes.open_dispute(platform, intent_id, at_ms).shown

    @post("/methods/{method_id:str}/detach", status_code=200, sync_to_thread=False)
    def detach(method_id: FromPath[str]) -> Shown:
        call = Call(at_ms=now_ms(), base_url="", object_id=method_id, query={})
        with platform.store.transaction():
            return methods.detach(platform, call).shown

    @post("/notifications", status_code=202, sync_to_thread=False)
    def resend(data: JSONBody[Resend]) -> dict[str, int]:
        event = objects.get(platform.store, "event", data.event_id)
        at_ms = now_ms()
        with platform.store.transaction():
            events.send(platform, event.shown, at_ms, data.times)
        return {"queued": data.times}

    @get("/requests", sync_to_thread=False)
    def requests() -> dict[str, int]:
        return dict(platform.requests)

    return Router(
        PREFIX,
        guards=[control_guard(token)],
        exception_handlers={ApiError: _refused},
        include_in_schema=False,
        route_handlers=[
            *condition_routes(
                faults=faults,
                bag=PlatformMail(platform),
                now_ms=now_ms,
                behaviour=lambda: platform.behaviour,
                change=change,
                forget=forget,
            ),
            all_sessions,
            all_payments,
            all_refunds,
            force_session,
            force_refund,
            dispute,
            detach,
            resend,
            requests,
        ],
    )


def _refused(_: Request[Any, Any, Any], error: ApiError) -> Response[bytes]:
    return Response(error.body(), status_code=error.status, media_type="application/json")
