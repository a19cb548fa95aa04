"""Challenges as pictures: drawn here, judged here, three tries and two minutes each."""

import asyncio
import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from adapters.postgres.captcha import PostgresChallenges
from application.identity.captcha import (
    IMAGE,
    CaptchaResponse,
    ImageChallenge,
    Purpose,
    Solved,
    Unsolved,
)
from application.ports import Entropy, UnitsOfWork

# Without the look-alikes 0 O, 1 I L, 2 Z, 5 S, 8 B.
ALPHABET: Final = "ACDEFGHJKMNPQRTUVWXY34679"
LETTERS: Final = 6
LIFETIME_SECONDS: Final = 150
TRIES: Final = 3

Draw = Callable[[str], bytes]


class ImageCaptcha:
    """Keeps the code of an answer, never the answer; `key` is a secret of its own."""

    def __init__(
        self,
        units_of_work: UnitsOfWork[Any],
        challenges: PostgresChallenges,
        draw: Draw,
        *,
        key: bytes,
        entropy: Entropy,
    ) -> None:
        self._units_of_work = units_of_work
        self._challenges = challenges
        self._draw = draw
        self._key = key
        self._entropy = entropy
        self._pencil = asyncio.Lock()

    async def issue(self, purpose: Purpose, address: str | None) -> ImageChallenge:
        """Draw a challenge for an address; raises TooManyChallenges."""
        key = self._entropy.new_id()
        text = "".join(
            ALPHABET[int(self._entropy.fraction() * len(ALPHABET))] for _ in range(LETTERS)
        )
        async with self._units_of_work() as uow:
            await self._challenges.add(
                uow,
                key,
                IMAGE,
                purpose,
                address,
                code=self._code(key, text),
                lifetime_seconds=LIFETIME_SECONDS,
            )
            await uow.commit()
        # Drawing takes a while, on a thread that a crowd must not multiply.
        async with self._pencil:
            png = await asyncio.to_thread(self._draw, text)
        return ImageChallenge(id=key, png=png, expires_in_seconds=LIFETIME_SECONDS, tries=TRIES)

    async def verify(self, response: CaptchaResponse) -> Solved | Unsolved:
        """Judge an answer: one that is right counts once, one that is wrong costs a try."""
        if response.challenge_id is None:
            return Unsolved("no challenge is named")
        async with self._units_of_work() as uow:
            found = await self._challenges.lock(
                uow, response.challenge_id, response.purpose, response.address, most_tries=TRIES
            )
            if found is None:
                return Unsolved("there is no such challenge for this address and purpose")
            given = self._code(response.challenge_id, response.answer)
            is_right = hmac.compare_digest(found, given)
            await self._challenges.judged(uow, response.challenge_id, is_right=is_right)
            await uow.commit()
        return Solved() if is_right else Unsolved("the letters are others")

    def _code(self, key: UUID, answer: str) -> bytes:
        read = "".join(answer.split()).upper()
        return hmac.new(self._key, f"{key}:{read}".encode(), sha256).digest()
