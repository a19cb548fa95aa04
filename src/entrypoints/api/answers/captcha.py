"""What the routes of captcha answer."""

from typing import Literal
from uuid import UUID

from entrypoints.api.answers.shapes import Answer


class Challenge(Answer, frozen=True):
    """A picture in base64; it may be answered so often, and so long."""

    id: UUID
    image: str
    media_type: Literal["image/png"]
    expires_in_seconds: int
    tries: int


class Pass(Answer, frozen=True):
    """Opens the door of its purpose, once."""

    token: str
    expires_in_seconds: int
