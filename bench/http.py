"""One row over HTTP (P9): `kazna api` with a token to check, beside bare servers without one.

All three read one customer by its primary key from the same database, through pools of the same
size, behind uvicorn with the same loop, parser and options, one process each. The load comes from
a process of its own.
"""

from functools import partial

from adapters.embedded.ports import free_port
from adapters.entropy import SystemEntropy
from adapters.security.tokens import SignedTokens
from application.identity.access import Role
from application.identity.register_customer import RegisterCustomer, RegisterCustomerCommand
from bench.processes import Running, Stage, stage
from bench.rounds import Goal, interleaved, show
from entrypoints.settings import DEVELOPMENT_KEY
from entrypoints.up.crew import answers

_CONNECTIONS = 32
# Kazna's process has no other parser installed than h11, so nobody else may use one.
_UVICORN = (
    *("--loop", "uvloop", "--http", "h11", "--lifespan", "on"),
    *("--no-access-log", "--no-server-header", "--no-proxy-headers", "--log-level", "error"),
)


async def _bare(on: Stage, module: str) -> str:
    port = free_port()
    await on.rival("-m", "uvicorn", f"{module}:app", "--port", str(port), *_UVICORN)
    return f"http://127.0.0.1:{port}/customers"


async def _ours(on: Stage) -> str:
    port = free_port()
    await on.kazna("api", KAZNA_API_PORT=str(port))
    await answers(f"http://127.0.0.1:{port}/health", patience_seconds=60)
    return f"http://127.0.0.1:{port}/api/v1/customers"


async def _rate(load: Running, seconds: float, token: str, url: str) -> float:
    return float(await load.do(f"{url} {seconds} {_CONNECTIONS} {token}"))


async def run(*, quick: bool) -> None:
    """Measure and print."""
    rounds, seconds = (3, 1) if quick else (5, 4)
    async with stage() as on:
        async with on.here.open_uow() as uow:
            customer = await RegisterCustomer(on.here.clock, SystemEntropy()).within(
                uow, RegisterCustomerCommand(external_id="c-1")
            )
            await uow.commit()
        servers = {
            "Litestar + asyncpg, bare": await _bare(on, "bare_litestar"),
            "FastAPI + asyncpg, bare": await _bare(on, "bare_fastapi"),
            "Kazna, with its token": await _ours(on),
        }
        token = SignedTokens(DEVELOPMENT_KEY).issue("bench", frozenset({Role.SERVICE}), minutes=60)
        for url in servers.values():
            await answers(
                f"{url}/{customer.id}",
                patience_seconds=60,
                headers={"authorization": f"Bearer {token}"},
            )
        load = await on.program("bench.load")
        sides = {
            name: partial(_rate, load, seconds, token, f"{url}/{customer.id}")
            for name, url in servers.items()
        }
        rates = await interleaved(sides, rounds)
    names = list(sides)
    show(
        "GET of one row, relative to bare Litestar",
        rates,
        [
            Goal("P9 ÷ bare Litestar + asyncpg", names[2], names[0], 0.8),
            Goal("P9 ÷ bare FastAPI + asyncpg", names[2], names[1], 1),
        ],
    )
