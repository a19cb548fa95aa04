"""Answers in CloudPayments' envelope, and refusals, which come with the status 200 too."""

from typing import Any, Final

import msgspec

ENCODE: Final = msgspec.json.Encoder(decimal_format="number").encode


class Refusal(Exception):
    """A request CloudPayments would refuse, in the words it would use."""

    @property
    def body(self) -> bytes:
        return envelope(success=False, message=str(self))


def envelope(*, success: bool, message: str | None = None, model: Any = None) -> bytes:
    """Write an answer."""
    shown: dict[str, Any] = {"Success": success, "Message": message}
    if model is not None:
        shown = {"Model": model, **shown}
    return ENCODE(shown)


def done(model: Any = None) -> bytes:
    """Write the answer to what went well."""
    return envelope(success=True, model=model)
