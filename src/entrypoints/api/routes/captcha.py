"""Captcha: ask for a picture, say what it shows, get a pass that opens one door once."""

import base64
from typing import Any
from uuid import UUID

from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from adapters.captcha.recaptcha import RECAPTCHA
from application.identity.access import PUBLIC
from application.identity.captcha import IMAGE, CaptchaResponse, Purpose
from application.plain import fields_of
from application.ports import JsonObject
from entrypoints.api.answers import captcha as answers
from entrypoints.api.contract import serves
from entrypoints.api.doors import peer_of
from entrypoints.api.shapes_captcha import CaptchaAnswer, NewChallenge, RecaptchaToken
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of captcha; anybody may use them, an address only so often."""
    captcha, proxies = house.captcha(), house.settings().trusted_proxies

    @post("/captcha/challenges", **serves(answers.Challenge, PUBLIC, status=201))
    async def challenge(request: Http, data: JSONBody[NewChallenge]) -> JsonObject:
        """Draw letters to be read, for one purpose."""
        made = await captcha.images.issue(Purpose(data.purpose), peer_of(request, proxies))
        return {
            "id": str(made.id),
            "image": base64.b64encode(made.png).decode("ascii"),
            "media_type": "image/png",
            "expires_in_seconds": made.expires_in_seconds,
            "tries": made.tries,
        }

    @post("/captcha/challenges/{challenge_id:uuid}/answer", **serves(answers.Pass, PUBLIC))
    async def answer(
        request: Http, challenge_id: FromPath[UUID], data: JSONBody[CaptchaAnswer]
    ) -> JsonObject:
        """Say what the picture shows; capitals and spaces do not matter."""
        response = CaptchaResponse(
            purpose=Purpose(data.purpose),
            address=peer_of(request, proxies),
            answer=data.answer,
            challenge_id=challenge_id,
        )
        return fields_of(await captcha.exchange(IMAGE, response))

    @post("/captcha/recaptcha", **serves(answers.Pass, PUBLIC))
    async def recaptcha(request: Http, data: JSONBody[RecaptchaToken]) -> JsonObject:
        """Exchange a reCAPTCHA token whose action is the purpose; a picture does as well."""
        response = CaptchaResponse(
            purpose=Purpose(data.purpose), address=peer_of(request, proxies), answer=data.response
        )
        return fields_of(await captcha.exchange(RECAPTCHA, response))

    return [challenge, answer, recaptcha]
