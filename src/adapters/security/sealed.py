"""Secrets that the database keeps: encrypted and authenticated with a key it does not have."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from application.webhooks.ports import SecretUnreadable

_HEADER: Final = {"alg": "dir", "enc": "A256GCM"}
_ALGORITHMS: Final = ["dir", "A256GCM"]


class SealedTexts:
    """Seals texts as JWE with AES-256-GCM; the first key seals, any of them opens.

    So a key can be changed: put a new one first, and drop the old one when nothing needs it.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [OctKey.import_key(sha256(key.encode()).digest()) for key in keys]

    def seal(self, text: str) -> str:
        """Return a text that says nothing."""
        return jwe.encrypt_compact(
            dict(_HEADER), text.encode(), self._keys[0], algorithms=_ALGORITHMS
        )

    def open(self, sealed: str) -> str:
        """Return what was sealed; raise SecretUnreadable."""
        for key in self._keys:
            try:
                found = jwe.decrypt_compact(sealed, key, algorithms=_ALGORITHMS).plaintext
            except (JoseError, ValueError):
                continue
            if found is not None:
                return found.decode()
        raise SecretUnreadable("its secret was sealed with a key that is not here any more")
