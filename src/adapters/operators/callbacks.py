"""Callbacks: who may call, what may be read, and names for events that stay the same on repeats."""

from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from adapters.http.peers import Networks
from application.carrier.gateway import CallbackRefused, RawCallback

LONGEST_BODY: Final = 64 * 1024
KEY: Final = "callback_key"


def stable_id(*parts: object) -> str:
    """Name an event by what it says, where the operator gives it no name of its own.

    The same parts always give the same name, in any process; 32 characters.
    """
    written = "\x1f".join(f"{len(str(part))}:{part}" for part in parts)
    return blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def check_peer(callback: RawCallback, networks: Networks) -> None:
    """Refuse a caller from elsewhere, for operators that sign nothing."""
    if not networks.know(callback.peer_ip):
        raise CallbackRefused("the caller's address is not the operator's", authentic=False)


class Sender:
    """How callbacks of an operator that signs nothing are known: where from, a key, or both.

    Raises ValueError when neither is given: nobody's callbacks are taken on trust. The key is
    compared in constant time, and given once, in the address the operator was told to call.
    """

    def __init__(self, networks: Sequence[str], key: str, *, protocol: str) -> None:
        if not networks and not key:
            raise ValueError(f"{protocol} signs nothing: give networks, the secret {KEY}, or both")
        try:
            self._networks = Networks(networks) if networks else None
        except ValueError as error:
            raise ValueError("the option networks is a list of networks like 10.0.0.0/8") from error
        self._key = key.encode()

    def check(self, callback: RawCallback) -> None:
        """Refuse a callback of somebody else."""
        if self._networks is not None:
            check_peer(callback, self._networks)
        if not self._key:
            return
        given = [value for name, value in callback.query if name == "key"]
        if len(given) != 1 or not compare_digest(
            given[0].encode("utf-8", "surrogatepass"), self._key
        ):
            raise CallbackRefused("the callback does not carry the key", authentic=False)


def check_length(callback: RawCallback) -> None:
    """Refuse a body that no operator sends."""
    if len(callback.body) > LONGEST_BODY:
        raise CallbackRefused("the callback is too long", authentic=True)


def only_value(pairs: Sequence[tuple[str, str]], name: str, *, needed: bool = True) -> str:
    """Return the one value of a field; refuse a missing one, and one that is given twice.

    Which of two values counts is a matter of taste, so nobody gets to choose.
    """
    values = [value for key, value in pairs if key == name]
    if len(values) > 1:
        raise CallbackRefused(f"{name} is given more than once", authentic=True)
    if not values and needed:
        raise CallbackRefused(f"{name} is missing", authentic=True)
    return values[0] if values else ""
