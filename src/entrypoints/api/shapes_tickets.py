"""The bodies that refund tickets take."""

from typing import Literal
from uuid import UUID

from entrypoints.api.shapes import Body, Line, PositiveAmount, Text
from entrypoints.api.shapes_captcha import CaptchaToken

ReasonCode = Literal[
    "accidental",
    "duplicate",
    "not_provided",
    "not_as_described",
    "no_longer_needed",
    "unauthorized",
    "other",
]


class NewTicket(Body, kw_only=True, frozen=True):
    """Ask for money back; all that is left of the payment when no amount is given.

    `text` says more, and has to where the reason is `other`. A customer brings a captcha pass.
    """

    payment_id: UUID
    reason: ReasonCode
    text: Text = ""
    amount_minor: PositiveAmount | None = None
    captcha_token: CaptchaToken | None = None


class TicketApproval(Body, kw_only=True, frozen=True):
    """Give back what was asked for, or less of it when an amount is given."""

    note: Line
    amount_minor: PositiveAmount | None = None
