"""The bodies of the routes of postbacks."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from entrypoints.api.shapes import Body, Code, Line
from entrypoints.api.shapes_carrier import OperatorCode, Written

Pixel = Annotated[str, Meta(min_length=1, max_length=500)]
Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$(?!\n)")]


class NewClick(Body, kw_only=True, frozen=True):
    """Somebody followed an advertisement; whatever is known of who it was makes it certain."""

    campaign: Code
    pixel: Pixel
    publisher: Name | None = None
    tid: Line | None = None
    msisdn: Written | None = None
    operator_token: Line | None = None
    clicked_at: datetime | None = None


class NewPixelSetting(Body, kw_only=True, frozen=True):
    """Where a publisher is told, for a campaign, an operator, or a campaign at an operator."""

    publisher: Name
    endpoint: Annotated[str, Meta(min_length=8, max_length=2000)]
    campaign: Code | None = None
    operator: OperatorCode | None = None
    timeout_seconds: Annotated[float, Meta(gt=0, le=10)] = 5.0
    ratio: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    is_enabled: bool = True


class NewPublisher(Body, kw_only=True, frozen=True):
    """What a publisher's pixels look like; patterns are tried by their place."""

    pattern: Annotated[str, Meta(min_length=1, max_length=200)]
    place: Annotated[int, Meta(ge=0, le=100_000)] = 0


class Resend(Body, kw_only=True, frozen=True):
    """Which postbacks to send again."""

    hours: Annotated[int, Meta(ge=1, le=24 * 31)]
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000
