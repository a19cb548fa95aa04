"""Captcha: who solved a challenge gets a pass, which opens one door once.

How the challenge is put and judged is the verifier's; a pass is the same whichever judged. A
verifier that cannot judge says no, and the image, which needs nobody else, is still there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, assert_never
from uuid import UUID

from application.errors import ApplicationError, NotFound
from application.ports import U_contra, UnitsOfWork
from domain.shared.errors import DomainError

IMAGE = "image"


class Purpose(StrEnum):
    """The door a pass opens."""

    REGISTRATION = "registration"
    LOGIN = "login"
    REFUND_TICKET = "refund_ticket"


class CaptchaFailed(DomainError):
    """The answer was wrong or late, or the challenge is not there: nobody is told which."""

    code = "captcha_failed"


class CaptchaNeeded(DomainError):
    """This needs a pass of its purpose that was not used yet."""

    code = "captcha_needed"


class TooManyChallenges(ApplicationError):
    """An address asked for, or failed, too many challenges; it may come back later."""

    code = "too_many_challenges"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptchaResponse:
    """What somebody at an address answers; `challenge_id` where the challenge was ours."""

    purpose: Purpose
    address: str | None
    answer: str
    challenge_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Solved:
    """A person, as far as one can tell."""


@dataclass(frozen=True, slots=True)
class Unsolved:
    """Not a person, or nobody knows; `why` is for the log and the tests."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageChallenge:
    """A picture with letters to be read, in PNG."""

    id: UUID
    png: bytes
    expires_in_seconds: int
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptchaPass:
    """Opens one door once; only its hash is kept."""

    token: str
    expires_in_seconds: int


class CaptchaVerifier(Protocol):
    """Judges answers. A judge that cannot be reached has not been convinced."""

    async def verify(self, response: CaptchaResponse) -> Solved | Unsolved:
        """Judge an answer, once; raises TooManyChallenges."""
        ...


class CaptchaImages(CaptchaVerifier, Protocol):
    """Puts challenges of its own, and judges them."""

    async def issue(self, purpose: Purpose, address: str | None) -> ImageChallenge:
        """Draw a challenge for an address; raises TooManyChallenges."""
        ...


class CaptchaPasses(Protocol[U_contra]):
    """Passes that were given out and not used."""

    async def issue(self, uow: U_contra, purpose: Purpose) -> CaptchaPass:
        """Give one out; never commits."""
        ...

    async def burn(self, uow: U_contra, token: str | None, purpose: Purpose) -> None:
        """Use one up in the caller's transaction; raises CaptchaNeeded."""
        ...


@dataclass(frozen=True, slots=True)
class PassCaptcha:
    """Exchange a right answer for a pass."""

    units_of_work: UnitsOfWork[Any]
    passes: CaptchaPasses[Any]
    verifiers: Mapping[str, CaptchaVerifier]

    async def __call__(self, kind: str, response: CaptchaResponse) -> CaptchaPass:
        """Return a pass; raises CaptchaFailed, TooManyChallenges, and NotFound for the kind."""
        verifier = self.verifiers.get(kind)
        if verifier is None:
            raise NotFound("captcha of the kind", kind)
        match await verifier.verify(response):
            case Solved():
                async with self.units_of_work() as uow:
                    given = await self.passes.issue(uow, response.purpose)
                    await uow.commit()
                return given
            case Unsolved():
                raise CaptchaFailed("that was not it; ask for an image and try again")
            case never:
                assert_never(never)
