"""Litestar and asyncpg, and nothing else: no authentication, no wiring."""

from typing import Any
from uuid import UUID

from litestar import Litestar, get
from litestar.datastructures import State
from one_row import connect, one


@get("/customers/{customer_id:uuid}")
async def customer(customer_id: UUID, state: State) -> dict[str, Any]:
    return await one(state.pool, customer_id)


async def start(app: Litestar) -> None:
    app.state.pool = await connect()


app = Litestar([customer], on_startup=[start], openapi_config=None, logging_config=None)
