"""The captcha's part of the composition root."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from adapters.captcha.image import Draw, ImageCaptcha
from adapters.captcha.recaptcha import LIMITS, RECAPTCHA, Recaptcha, RecaptchaTerms
from adapters.http.transport import Transport
from adapters.postgres.captcha import Allowance, PostgresChallenges, PostgresPasses
from application.identity.captcha import IMAGE, CaptchaVerifier, PassCaptcha
from application.ports import Entropy, UnitsOfWork
from entrypoints.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Captcha:
    """What a process may need of captchas; `recaptcha` where it is set up."""

    images: ImageCaptcha
    recaptcha: Recaptcha | None
    passes: PostgresPasses
    exchange: PassCaptcha

    async def aclose(self) -> None:
        """Close the connections."""
        if self.recaptcha is not None:
            await self.recaptcha.aclose()


def build_captcha(
    *, settings: Settings, open_uow: UnitsOfWork[Any], draw: Draw, entropy: Entropy
) -> Captcha:
    """Put captchas together; what signs answers is drawn from the key of tokens, and is another."""
    key = hmac.new(settings.token_key.encode(), b"kazna captcha", sha256).digest()
    challenges, passes = PostgresChallenges(key, Allowance()), PostgresPasses(entropy)
    images = ImageCaptcha(open_uow, challenges, draw, key=key, entropy=entropy)
    verifiers: dict[str, CaptchaVerifier] = {IMAGE: images}
    recaptcha = None
    if settings.recaptcha_secret is not None and settings.recaptcha_hosts is not None:
        terms = RecaptchaTerms(
            secret=settings.recaptcha_secret,
            hosts=settings.recaptcha_hosts,
            least_score=settings.recaptcha_score / 100,
        )
        transport = Transport("recaptcha", settings.recaptcha_url, headers={}, limits=LIMITS)
        recaptcha = Recaptcha(open_uow, challenges, transport, terms, entropy=entropy)
        verifiers[RECAPTCHA] = recaptcha
    return Captcha(
        images=images,
        recaptcha=recaptcha,
        passes=passes,
        exchange=PassCaptcha(open_uow, passes, verifiers),
    )
