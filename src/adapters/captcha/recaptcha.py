"""Google's reCAPTCHA v3: a score for a token, bound to our hosts and to an action.

It never says yes by default: no answer, an answer that cannot be read, another host or action, a
low score, all of them mean no, and the payer is shown an image instead.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from adapters.http.transport import Answer, HttpLimits, Transport
from adapters.postgres.captcha import PostgresChallenges
from application.identity.captcha import CaptchaResponse, Solved, Unsolved
from application.ports import Entropy, UnitsOfWork

_LOG = logging.getLogger("kazna.captcha")
RECAPTCHA: Final = "recaptcha"
LIMITS: Final = HttpLimits(total_seconds=5.0, connections=8, response_bytes=64 * 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecaptchaTerms:
    """What convinces us: a token of one of these hosts, with at least this score (0 to 1)."""

    secret: str
    hosts: Sequence[str]
    least_score: float

    def __repr__(self) -> str:
        return f"RecaptchaTerms(hosts={self.hosts!r}, least_score={self.least_score})"


class Recaptcha:
    """Asks Google about a token; what an address asks is counted as its challenges are."""

    def __init__(
        self,
        units_of_work: UnitsOfWork[Any],
        challenges: PostgresChallenges,
        transport: Transport,
        terms: RecaptchaTerms,
        *,
        entropy: Entropy,
    ) -> None:
        self._units_of_work = units_of_work
        self._challenges = challenges
        self._transport = transport
        self._terms = terms
        self._entropy = entropy

    async def verify(self, response: CaptchaResponse) -> Solved | Unsolved:
        """Judge a token by Google's word; raises TooManyChallenges."""
        async with self._units_of_work() as uow:
            key, purpose = self._entropy.new_id(), response.purpose
            await self._challenges.add(uow, key, RECAPTCHA, purpose, response.address)
            await uow.commit()
        form = {"secret": self._terms.secret, "response": response.answer}
        if response.address is not None:
            form["remoteip"] = response.address
        verdict = await self._transport.send(
            "POST",
            "siteverify",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode("ascii"),
        )
        if not isinstance(verdict, Answer) or verdict.is_refusal:
            _LOG.warning("reCAPTCHA does not judge; images do meanwhile")
            return Unsolved("nobody judged")
        return self._read(verdict.body, response)

    def _read(self, body: bytes, response: CaptchaResponse) -> Solved | Unsolved:
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            return Unsolved("the verdict cannot be read")
        if not isinstance(told, dict) or told.get("success") is not True:
            return Unsolved("not solved")
        if told.get("hostname") not in self._terms.hosts:
            return Unsolved("solved at another host")
        if told.get("action") != response.purpose.value:
            return Unsolved("solved for another action")
        score: Any = told.get("score")
        # NaN compares with nothing, so the question is whether it is high enough, not too low.
        if type(score) not in (int, float) or not score >= self._terms.least_score:
            return Unsolved("the score is too low")
        return Solved()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()
