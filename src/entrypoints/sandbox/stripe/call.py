"""One request to the API, freed from HTTP."""

from typing import Any, NamedTuple


class Call(NamedTuple):
    """What an operation needs to know of its request; `query` is nested."""

    at_ms: int
    base_url: str
    object_id: str
    query: dict[str, Any]
    body: bytes = b""
    key: str = ""
