"""One request to the API, freed from HTTP, and its answer."""

from collections.abc import Mapping
from typing import NamedTuple


class Call(NamedTuple):
    """What an operation needs to know of its request."""

    at_ms: int
    base_url: str
    object_id: str = ""
    query: Mapping[str, str] = {}
    body: bytes = b""
    key: str = ""


class Answer(NamedTuple):
    """The JSON to answer, and the number of the object it shows (0: none worth replaying)."""

    body: bytes
    number: int = 0
