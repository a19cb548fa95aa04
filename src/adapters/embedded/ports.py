"""Free ports on the loopback address."""

import secrets
import socket
from collections.abc import Callable
from typing import TypeVar

from adapters.embedded.errors import ServerDidNotStart

Started = TypeVar("Started")

LOOPBACK = "127.0.0.1"
_RANGE = range(20_000, 32_000)
"""Below the ports that Linux and macOS give to outgoing connections, so that a server which is
restarted finds its port free."""
_ATTEMPTS = 5


def free_port() -> int:
    """Pick a port nobody listens on; another process may take it before the caller does."""
    while is_taken(port := _RANGE[secrets.randbelow(len(_RANGE))]):
        pass
    return port


def is_taken(port: int) -> bool:
    """Tell whether something listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return True
    return False


def at_a_free_port(start: Callable[[int], Started]) -> Started:
    """Start something at a free port; with another port when a third party was quicker."""
    for _ in range(_ATTEMPTS - 1):
        port = free_port()
        try:
            return start(port)
        except ServerDidNotStart:
            if not is_taken(port):
                raise
    return start(free_port())
