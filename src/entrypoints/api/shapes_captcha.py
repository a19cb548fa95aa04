"""The bodies that captcha takes."""

from typing import Annotated, Literal

from msgspec import Meta

from entrypoints.api.shapes import Body, Line

CaptchaPurpose = Literal["registration", "login", "refund_ticket"]
CaptchaToken = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[!-~]*$(?!\n)")]


class NewChallenge(Body, frozen=True):
    """Ask for a picture; the pass it leads to opens this door and no other."""

    purpose: CaptchaPurpose


class CaptchaAnswer(Body, kw_only=True, frozen=True):
    """What a picture shows."""

    purpose: CaptchaPurpose
    answer: Line


class RecaptchaToken(Body, kw_only=True, frozen=True):
    """What the widget gave the page."""

    purpose: CaptchaPurpose
    response: Annotated[str, Meta(min_length=1, max_length=8192, pattern=r"^[!-~]*$(?!\n)")]
