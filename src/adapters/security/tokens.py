"""Bearer tokens: JWTs signed with HMAC-SHA256, one algorithm, one audience, a short life."""

import time
from collections import OrderedDict
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from joserfc.jwt import JWTClaimsRegistry

from application.identity.access import Caller, Role, TokenRefused

_ALGORITHM = "HS256"
_NAME = "kazna"
_LONGEST_TOKEN = 4096
_REMEMBERED = 4096


class SignedTokens:
    """Signs and verifies tokens by the machine's clock, whatever business time says.

    A token that was verified is remembered by its hash until it ends, so a busy caller costs one
    signature per token and not one per request.
    """

    def __init__(self, key: str) -> None:
        self._key = OctKey.import_key(key.encode())
        self._claims = JWTClaimsRegistry(
            iss={"essential": True, "value": _NAME},
            aud={"essential": True, "value": _NAME},
            sub={"essential": True},
            exp={"essential": True},
        )
        self._known: OrderedDict[bytes, Caller] = OrderedDict()

    def issue(self, subject: str, roles: frozenset[Role], *, minutes: int) -> str:
        """Return a signed token."""
        now = int(time.time())
        claims = {
            "iss": _NAME,
            "aud": _NAME,
            "sub": subject,
            "roles": sorted(roles),
            "iat": now,
            "exp": now + 60 * minutes,
            "jti": str(uuid4()),
        }
        return jwt.encode({"alg": _ALGORITHM, "typ": "JWT"}, claims, self._key)

    def check(self, token: str) -> Caller:
        """Return who holds it; raise TokenRefused."""
        if len(token) > _LONGEST_TOKEN:
            raise TokenRefused("the token is too long")
        digest = sha256(token.encode("utf-8", "surrogatepass")).digest()
        caller = self._known.get(digest)
        if caller is None:
            caller = self._verify(token)
            self._known[digest] = caller
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        if caller.expires_at <= datetime.now(UTC):
            self._known.pop(digest, None)
            raise TokenRefused("the token has expired")
        return caller

    def _verify(self, token: str) -> Caller:
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            self._claims.validate(claims)
            return Caller(
                subject=str(claims["sub"]),
                roles=frozenset(Role(role) for role in claims.get("roles", ())),
                expires_at=datetime.fromtimestamp(int(claims["exp"]), UTC),
            )
        except (JoseError, ValueError, TypeError, OverflowError) as error:
            raise TokenRefused("the token cannot be accepted") from error
