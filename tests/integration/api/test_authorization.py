"""Every route times every role, against the matrix that is published."""

from pathlib import Path

import pytest
from litestar.handlers import HTTPRouteHandler

from application.identity.access import PERMISSIONS, PUBLIC, Role
from entrypoints.api.contract import PERMISSION, UndeclaredRoute
from entrypoints.api.doors import check_declarations
from tests.integration.api.conftest import Api

MATRIX = Path(__file__).parents[3] / "docs" / "authorization.md"
_ID = "00000000-0000-7000-8000-000000000000"


def _published() -> dict[str, set[str]]:
    """Read the table of the document: permission, then one column per role."""
    lines = [line for line in MATRIX.read_text().splitlines() if line.startswith("|")]
    roles = [cell.strip() for cell in lines[0].strip("|").split("|")][1:]
    table = {}
    for line in lines[2:]:
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        table[name.strip("`")] = {
            role for role, cell in zip(roles, cells, strict=True) if cell == "yes"
        }
    return table


def test_the_published_matrix_is_the_one_in_force() -> None:
    assert _published() == {
        name: {str(role) for role in roles} for name, roles in PERMISSIONS.items()
    }


async def test_every_route_lets_in_whom_it_declares_and_nobody_else(api: Api) -> None:
    asked = 0
    for route in api.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if not isinstance(handler, HTTPRouteHandler) or handler.http_methods == {"OPTIONS"}:
                continue
            permission = handler.opt[PERMISSION]
            if permission == PUBLIC:
                continue
            path = _filled(route.path)
            (verb,) = handler.http_methods - {"HEAD"}
            assert (await api.call(verb, path, role=None)).status_code == 401, path
            for role in Role:
                answer = await api.call(verb, path, role=role, subject=_ID)
                allowed = role in PERMISSIONS[permission]
                assert (answer.status_code != 403) == allowed, (verb, path, role, answer.text)
                assert answer.status_code != 500, (verb, path, role)
                asked += 1
    assert asked > 150


def _filled(path: str) -> str:
    import re

    return re.sub(r"\{[^}]*\}", _ID, path)


async def test_a_route_that_declares_nothing_stops_the_start(api: Api) -> None:
    from litestar import get

    @get("/open")
    async def careless() -> None: ...

    api.app.register(careless)
    with pytest.raises(UndeclaredRoute, match="/open"):
        check_declarations(api.app)
