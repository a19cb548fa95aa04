"""The control API: what a test, a demo or a curious person may do behind Stripe's back."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from entrypoints.sandbox import silence
from entrypoints.sandbox.faults import Armed, Faults, Rule
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
from entrypoints.sandbox.stripe.behaviour import Behaviour, patched
from entrypoints.sandbox.stripe.call import Call
from entrypoints.sandbox.stripe.cards import DEFAULT_CARD
from entrypoints.sandbox.stripe.errors import ApiError
from entrypoints.sandbox.stripe.objects import Shown
from entrypoints.sandbox.stripe.platform import Platform
from entrypoints.sandbox.stripe.sender import PlatformMail

PREFIX: Final = "/sandbox/stripe/control"


class Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Start over; the configuration may stay."""

    keep_config: bool = False


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

    @post("/reset", status_code=200, sync_to_thread=False)
    def reset(data: JSONBody[Reset | None] = None) -> dict[str, bool]:
        platform.store.empty()
        platform.clock.start_over()
        platform.requests.clear()
        faults.clear()
        if data is None or not data.keep_config:
            platform.behaviour = base
            platform.store.set_meta("patches", "[]")
        return {"reset": True}

    @get("/config", sync_to_thread=False)
    def show_config() -> Behaviour:
        return platform.behaviour

    @patch("/config", sync_to_thread=False)
    def change_config(data: JSONBody[dict[str, Any]]) -> Behaviour:
        try:
            platform.behaviour = patched(platform.behaviour, data)
        except msgspec.ValidationError as error:
            raise ValidationException(str(error)) from error
        books.remember_patch(platform.store, data)
        platform.bell.set()
        return platform.behaviour

    @get("/faults", sync_to_thread=False)
    def show_faults() -> list[Armed]:
        return faults.all()

    @post("/faults", sync_to_thread=False)
    def add_faults(data: JSONBody[list[Rule]]) -> list[Armed]:
        return faults.add(data)

    @delete("/faults", sync_to_thread=False)
    def clear_faults() -> None:
        faults.clear()

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

    @get("/idle", sync_to_thread=False)
    def idle() -> silence.Idle:
        return silence.idle(PlatformMail(platform), now_ms())

    return Router(
        PREFIX,
        guards=[control_guard(token)],
        exception_handlers={ApiError: _refused},
        include_in_schema=False,
        route_handlers=[
            reset,
            show_config,
            change_config,
            show_faults,
            add_faults,
            clear_faults,
            all_sessions,
            all_payments,
            all_refunds,
            force_session,
            force_refund,
            dispute,
            detach,
            resend,
            requests,
            idle,
        ],
    )


def _refused(_: Request[Any, Any, Any], error: ApiError) -> Response[bytes]:
    return Response(error.body(), status_code=error.status, media_type="application/json")
