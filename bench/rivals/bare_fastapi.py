"""FastAPI and asyncpg, and nothing else: no authentication, no wiring."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from one_row import connect, one


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.pool = await connect()
    yield


app = FastAPI(lifespan=lifespan, openapi_url=None)


@app.get("/customers/{customer_id}")
async def customer(customer_id: UUID) -> dict[str, Any]:
    return await one(app.state.pool, customer_id)
