"""The control API: what a test, a demo or a curious person may do behind CloudPayments' back."""

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.exceptions import ValidationException
from litestar.params import FromPath, JSONBody

from entrypoints.sandbox.cloudpayments import asked, notifications, operations, orders
from entrypoints.sandbox.cloudpayments.answers import Refusal
from entrypoints.sandbox.cloudpayments.api import base_url_of
from entrypoints.sandbox.cloudpayments.behaviour import KINDS, Behaviour
from entrypoints.sandbox.cloudpayments.sender import TerminalMail
from entrypoints.sandbox.cloudpayments.terminal import Terminal
from entrypoints.sandbox.conditions import condition_routes
from entrypoints.sandbox.configured import keep_whole, patched
from entrypoints.sandbox.faults import Faults
from entrypoints.sandbox.guard import control_guard

PREFIX: Final = "/sandbox/cloudpayments/control"
_Request = Request[Any, Any, Any]


class Resend(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send a transaction's present state again, as any kind, any number of times."""

    transaction_id: int
    kind: str
    times: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1


class Opened(msgspec.Struct, frozen=True):
    """Where the payer of a widget decides."""

    url: str


class Line(msgspec.Struct, frozen=True):
    """One operation of the books."""

    transaction_id: int
    type: int
    status: str
    invoice_id: str | None
    currency: str
    amount_minor: int
    refunded_minor: int


class OrderLine(msgspec.Struct, frozen=True):
    """One link of the books."""

    id: str
    invoice_id: str | None
    status: str


def control_router(
    terminal: Terminal, faults: Faults, base: Behaviour, token: str, public_url: str | None
) -> Router:
    """Return the control routes; each needs the header `X-Sandbox-Control: <token>`."""
    store = terminal.store

    def behave(behaviour: Behaviour) -> None:
        terminal.behaviour = behaviour
        keep_whole(store, behaviour)
        terminal.bell.set()

    def forget(keep_config: bool) -> None:
        terminal.forget()
        if not keep_config:
            behave(base)

    @get("/operations", sync_to_thread=False)
    def all_operations() -> list[Line]:
        rows = store.all(
            "SELECT number, type, status, invoice, currency, amount_minor, refunded_minor "
            "FROM operation ORDER BY number"
        )
        return [Line(*row) for row in rows]

    @get("/orders", sync_to_thread=False)
    def all_orders() -> list[OrderLine]:
        rows = store.all("SELECT id, invoice, status FROM ordered ORDER BY number")
        return [OrderLine(*row) for row in rows]

    @post("/widget", status_code=200)
    async def open_widget(request: _Request) -> Opened:
        """Open the widget as the shop's page would; its payer decides at the address answered."""
        kept = orders.make(
            terminal, _of_widget(await request.json()), base_url_of(request, public_url)
        )
        return Opened(kept.order.url)

    @post("/tokens/{token_id:str}/revoke", status_code=200, sync_to_thread=False)
    def revoke(token_id: FromPath[str]) -> dict[str, bool]:
        changed = store.run("UPDATE token SET active = 0 WHERE id = ?", token_id)
        return {"revoked": bool(changed)}

    @post("/notifications", status_code=202, sync_to_thread=False)
    def resend(data: JSONBody[Resend]) -> dict[str, int]:
        if data.kind not in KINDS:
            raise ValidationException(f"no such kind: {data.kind}")
        transaction = operations.get(terminal, data.transaction_id)
        with store.transaction():
            for _ in range(data.times):
                told = notifications.told(transaction)
                notifications.announce(terminal, data.kind, told, terminal.clock.now_ms())
        return {"queued": data.times}

    @get("/stats", sync_to_thread=False)
    def stats() -> dict[str, Any]:
        return {
            "requests": dict(terminal.requests),
            "notifications": {
                str(name).removeprefix("notifications_"): n
                for name, n in store.all("SELECT name, n FROM counter")
            },
        }

    return Router(
        PREFIX,
        guards=[control_guard(token)],
        exception_handlers={Refusal: _refused},
        include_in_schema=False,
        route_handlers=[
            *condition_routes(
                faults=faults,
                bag=TerminalMail(terminal),
                now_ms=terminal.clock.now_ms,
                behaviour=lambda: terminal.behaviour,
                change=lambda data: behave(patched(terminal.behaviour, data)),
                forget=forget,
            ),
            all_operations,
            all_orders,
            open_widget,
            revoke,
            resend,
            stats,
        ],
    )


def _of_widget(parameters: dict[str, Any]) -> asked.NewOrder:
    """Read the widget's parameters: camel case, and `data` in either of its spellings."""
    named = {name[:1].upper() + name[1:]: value for name, value in parameters.items()}
    named["JsonData"] = named.pop("Data", None)
    named["RequireConfirmation"] = named.pop("Scheme", "charge") == "auth"
    try:
        return msgspec.convert(named, asked.NewOrder, strict=False)
    except msgspec.ValidationError as error:
        raise ValidationException(str(error)) from error


def _refused(_: _Request, error: Refusal) -> Response[bytes]:
    return Response(error.body, status_code=409, media_type="application/json")
