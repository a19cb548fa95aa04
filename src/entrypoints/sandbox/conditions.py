"""The control routes every emulator has: start over, behave otherwise, go wrong, be idle."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from litestar import delete, get, patch, post
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from entrypoints.sandbox import silence
from entrypoints.sandbox.faults import Armed, Faults, Rule
from entrypoints.sandbox.sender import Mailbag


class Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Start over; the configuration may stay."""

    keep_config: bool = False


def condition_routes(
    *,
    faults: Faults,
    bag: Mailbag,
    now_ms: Callable[[], int],
    behaviour: Callable[[], msgspec.Struct],
    change: Callable[[dict[str, Any]], None],
    forget: Callable[[bool], None],
    check: Callable[[Sequence[Rule]], None] = lambda rules: None,
) -> list[HTTPRouteHandler]:
    """Return the routes.

    `change` lays a partial object over the behaviour and keeps it, raising
    `msgspec.ValidationError`; `forget` is told whether the configuration stays; `check` refuses
    rules that mean nothing here.
    """

    @post("/reset", status_code=200, sync_to_thread=False)
    def reset(data: JSONBody[Reset | None] = None) -> dict[str, bool]:
        forget(bool(data and data.keep_config))
        faults.clear()
        return {"reset": True}

    @get("/config", sync_to_thread=False)
    def show_config() -> Any:
        return behaviour()

    @patch("/config", sync_to_thread=False)
    def change_config(data: JSONBody[dict[str, Any]]) -> Any:
        try:
            change(data)
        except msgspec.ValidationError as error:
            raise ValidationException(str(error)) from error
        return behaviour()

    @get("/faults", sync_to_thread=False)
    def show_faults() -> list[Armed]:
        return faults.all()

    @post("/faults", sync_to_thread=False)
    def add_faults(data: JSONBody[list[Rule]]) -> list[Armed]:
        check(data)
        return faults.add(data)

    @delete("/faults", sync_to_thread=False)
    def clear_faults() -> None:
        faults.clear()

    @get("/idle", sync_to_thread=False)
    def idle() -> silence.Idle:
        return silence.idle(bag, now_ms())

    return [reset, show_config, change_config, show_faults, add_faults, clear_faults, idle]
