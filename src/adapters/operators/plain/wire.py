"""The bodies of the plain protocol, as they are on the wire; unknown fields are ignored."""

from typing import Annotated

import msgspec
from msgspec import Meta

Token = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[!-~]+\Z")]
Number = Annotated[str, Meta(pattern=r"^[1-9][0-9]{4,14}\Z")]
Amount = Annotated[int, Meta(ge=1, le=10**15)]
Text = Annotated[str, Meta(max_length=2000)]
Name = Annotated[str, Meta(max_length=64, pattern=r"^[^\x00-\x1f\x7f]+\Z")]


class NewCharge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked for; `reply` says whether the outcome is wanted in the answer or later."""

    token: str
    msisdn: str
    amount_minor: int
    currency: str
    service: str
    keyword: str = ""
    description: str = ""
    reply: str


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """A charge as the operator has it; `reason` says why a declined one was."""

    token: Token
    status: Name
    operator_token: Token | None = None
    amount_minor: Amount | None = None
    currency: Annotated[str, Meta(max_length=3)] | None = None
    reason: Annotated[str, Meta(max_length=64)] = ""
    at: Annotated[str, Meta(max_length=40)] | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why a request itself was refused; nothing was done."""

    code: Name
    message: Annotated[str, Meta(max_length=500)] = ""


class RefusalBody(msgspec.Struct, frozen=True):
    """The body of every 4xx the operator itself answers."""

    error: Refusal


class NewText(msgspec.Struct, frozen=True, kw_only=True):
    """A text to one number."""

    id: str
    msisdn: str
    text: str
    service: str


class SentText(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a text: `sent` or `rejected`."""

    id: Token
    status: Name
    operator_token: Token | None = None
    reason: Annotated[str, Meta(max_length=200)] = ""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A callback; which fields count follows from `type`."""

    event_id: Token
    type: Name
    charge: Charge | None = None
    msisdn: Number | None = None
    new_msisdn: Number | None = None
    service: Name | None = None
    keyword: Name | None = None
    text: Text = ""
    operator_token: Token | None = None
    reason: Annotated[str, Meta(max_length=200)] = ""
    at: Annotated[str, Meta(max_length=40)] | None = None


encode = msgspec.json.Encoder().encode
read_charge = msgspec.json.Decoder(Charge).decode
read_refusal = msgspec.json.Decoder(RefusalBody).decode
read_sent_text = msgspec.json.Decoder(SentText).decode
read_event = msgspec.json.Decoder(Event).decode
