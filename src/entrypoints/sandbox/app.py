"""The sandbox as one application: every emulator's routes under its own prefix."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from msgspec.structs import replace

from entrypoints.sandbox.cloudpayments import api as cloudpayments_api
from entrypoints.sandbox.cloudpayments.behaviour import Behaviour as TerminalBehaviour
from entrypoints.sandbox.cloudpayments.emulator import build as build_terminal
from entrypoints.sandbox.cloudpayments.terminal import Account as Terminal
from entrypoints.sandbox.emulated import Emulator
from entrypoints.sandbox.operators.account import Account
from entrypoints.sandbox.operators.emulator import build as build_operator
from entrypoints.sandbox.stripe import api as stripe_api
from entrypoints.sandbox.stripe.emulator import StripeAccount
from entrypoints.sandbox.stripe.emulator import build as build_stripe
from entrypoints.sandbox.yookassa import api
from entrypoints.sandbox.yookassa.behaviour import Behaviour
from entrypoints.sandbox.yookassa.emulator import build
from entrypoints.sandbox.yookassa.shop import Account as ShopAccount

_MEBIBYTE = 1 << 20


def create_sandbox(
    *,
    folder: Path,
    now: Callable[[], datetime],
    shop_id: str,
    secret_key: str,
    control_token: str,
    notification_urls: tuple[str, ...] = (),
    oauth_tokens: tuple[str, ...] = (),
    public_url: str | None = None,
    behaviour: Behaviour | None = None,
    operators: Sequence[Account] = (),
    payout_agent: str | None = None,
    payout_secret: str | None = None,
    terminal: Terminal | None = None,
    terminal_behaviour: TerminalBehaviour | None = None,
    stripe: StripeAccount | None = None,
) -> Litestar:
    """Create the sandbox application.

    Its state lives in `folder`, survives restarts, and belongs to one process at a time. `now` is
    business time and must be aware. `public_url` is where payers reach the confirmation pages; by
    default it is the address each request came to. `notification_urls` receive notifications, in
    addition to those `behaviour` names. `operators` are the mobile operators to emulate, each under
    `/sandbox/operators/{code}`; raises ValueError for a protocol nobody emulates. `payout_agent`
    and `payout_secret` open the payouts gateway. `terminal` is the merchant of an emulated
    CloudPayments, served under `/cloudpayments`; `stripe` is the account to emulate under `/v1`;
    without one there is none. Serve it with
    `server.server_config`, which is what lets it drop connections.
    """
    behaviour = behaviour or Behaviour()
    if notification_urls:
        behaviour = _notifying(behaviour, notification_urls)
    yookassa = build(
        path=folder / "yookassa.sqlite3",
        now=now,
        account=ShopAccount(
            shop_id=shop_id,
            secret_key=secret_key,
            oauth_tokens=oauth_tokens,
            payout_agent=payout_agent,
            payout_secret=payout_secret,
        ),
        behaviour=behaviour,
        control_token=control_token,
        public_url=public_url.rstrip("/") if public_url else None,
    )

    emulators: list[Emulator] = [yookassa]
    if terminal is not None:
        emulators.append(
            build_terminal(
                path=folder / "cloudpayments.sqlite3",
                now=now,
                account=terminal,
                behaviour=terminal_behaviour or TerminalBehaviour(),
                control_token=control_token,
                public_url=public_url.rstrip("/") if public_url else None,
            )
        )
    emulators += [
        build_operator(
            folder=folder / "operators", now=now, account=account, control_token=control_token
        )
        for account in operators
    ]
    if stripe is not None:
        emulators.append(
            build_stripe(
                path=folder / "stripe.sqlite3",
                now=now,
                account=stripe,
                control_token=control_token,
                public_url=public_url.rstrip("/") if public_url else None,
            )
        )

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for emulator in emulators:
                await stack.enter_async_context(emulator.lifespan())
            yield

    return Litestar(
        route_handlers=[
            *(route for emulator in emulators for route in emulator.routes),
        ],
        lifespan=[lifespan],
        exception_handlers={HTTPException: _problem},
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_MEBIBYTE,
    )


def _notifying(behaviour: Behaviour, urls: tuple[str, ...]) -> Behaviour:
    roads = behaviour.notifications
    return replace(behaviour, notifications=replace(roads, urls=(*roads.urls, *urls)))


def _problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """Answer what routing refuses in the words of the emulator whose path it was."""
    if request.scope["path"].startswith(api.PREFIX + "/"):
        return api.problem(error.status_code)
    if request.scope["path"].startswith(cloudpayments_api.PREFIX + "/"):
        return cloudpayments_api.problem(error.status_code)
    if request.scope["path"].startswith(stripe_api.PREFIX + "/"):
        return stripe_api.problem(error.status_code)
    return Response(
        {"status": error.status_code, "detail": error.detail},
        status_code=error.status_code,
        headers=error.headers,
    )
