"""Challenges and passes on PostgreSQL, by the database's clock.

What an address asked for is counted in its own rows, one transaction of an address after another.
Addresses are kept as codes; of an IPv6 address the network counts, because one customer has it all.
"""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final
from uuid import UUID

from adapters.postgres.unit_of_work import PostgresUnitOfWork
from application.identity.captcha import CaptchaNeeded, CaptchaPass, Purpose, TooManyChallenges
from application.ports import Entropy

PASS_SECONDS: Final = 600
_NETWORK_BITS: Final = 64

_COUNT = """
SELECT count(*) >= $2 OR coalesce(sum(tries), 0) >= $3 FROM captcha_challenge
WHERE address_code = $1 AND created_at > now() - make_interval(secs => $4)
"""
_ADD = """
INSERT INTO captcha_challenge (id, kind, purpose, address_code, answer_code, expires_at)
VALUES ($1, $2, $3, $4, $5, now() + make_interval(secs => $6))
"""
_LOCK = """
SELECT answer_code FROM captcha_challenge
WHERE id = $1 AND purpose = $2 AND address_code = $3 AND answer_code IS NOT NULL
    AND solved_at IS NULL AND tries < $4 AND expires_at > now()
FOR UPDATE
"""
_JUDGED = """
UPDATE captcha_challenge SET solved_at = CASE WHEN $2 THEN now() END,
    tries = tries + CASE WHEN $2 THEN 0 ELSE 1 END
WHERE id = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many challenges, and how many wrong answers, one address has within some seconds."""

    challenges: int = 30
    wrong_answers: int = 20
    seconds: int = 600


class PostgresChallenges:
    """Rows of challenges, in the transaction of the unit of work it is given."""

    def __init__(self, key: bytes, allowance: Allowance) -> None:
        self._key = key
        self._allowance = allowance

    async def add(
        self,
        uow: PostgresUnitOfWork,
        key: UUID,
        kind: str,
        purpose: Purpose,
        address: str | None,
        *,
        code: bytes | None = None,
        lifetime_seconds: int = 0,
    ) -> None:
        """Insert a challenge; raises TooManyChallenges. Somebody else judges one without a code."""
        whose = self._address_code(address)
        await uow.driver.execute(
            "SELECT pg_advisory_xact_lock($1)", int.from_bytes(whose[:8], signed=True)
        )
        most = self._allowance
        if await uow.driver.fetchval(
            _COUNT, whose, most.challenges, most.wrong_answers, most.seconds
        ):
            raise TooManyChallenges("too many challenges were asked for from this address")
        await uow.driver.execute(_ADD, key, kind, purpose.value, whose, code, lifetime_seconds)

    async def lock(
        self,
        uow: PostgresUnitOfWork,
        key: UUID,
        purpose: Purpose,
        address: str | None,
        *,
        most_tries: int,
    ) -> bytes | None:
        """Lock a challenge that may still be answered from there, and return its code."""
        whose = self._address_code(address)
        found: bytes | None = await uow.driver.fetchval(
            _LOCK, key, purpose.value, whose, most_tries
        )
        return found

    async def judged(self, uow: PostgresUnitOfWork, key: UUID, *, is_right: bool) -> None:
        """End a locked challenge, or take a try off it."""
        await uow.driver.execute(_JUDGED, key, is_right)

    def _address_code(self, address: str | None) -> bytes:
        return hmac.new(self._key, _neighbourhood(address).encode(), sha256).digest()


class PostgresPasses:
    """Passes that were given out; one that is used is gone."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    async def issue(self, uow: PostgresUnitOfWork, purpose: Purpose) -> CaptchaPass:
        """Give one out; never commits."""
        token = self._entropy.token()
        await uow.driver.execute(
            "INSERT INTO captcha_pass (token_hash, purpose, expires_at) "
            "VALUES ($1, $2, now() + make_interval(secs => $3))",
            _hash(token),
            purpose.value,
            PASS_SECONDS,
        )
        return CaptchaPass(token=token, expires_in_seconds=PASS_SECONDS)

    async def burn(self, uow: PostgresUnitOfWork, token: str | None, purpose: Purpose) -> None:
        """Use one up in the caller's transaction; raises CaptchaNeeded."""
        used = token is not None and await uow.driver.fetchval(
            "DELETE FROM captcha_pass WHERE token_hash = $1 AND purpose = $2 "
            "AND expires_at > now() RETURNING true",
            _hash(token),
            purpose.value,
        )
        if not used:
            raise CaptchaNeeded(f"this needs a captcha pass for {purpose.value}")


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _neighbourhood(address: str | None) -> str:
    """Return what counts as one address; those that cannot be told apart share one."""
    try:
        one = ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(one, IPv6Address):
        if one.ipv4_mapped is not None:
            return str(one.ipv4_mapped)
        return str(ip_network((one, _NETWORK_BITS), strict=False))
    return str(one)
