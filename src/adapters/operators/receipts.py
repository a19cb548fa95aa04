"""Receipts: what an exchange with an operator leaves behind for its log."""

from adapters.http.transport import Answer
from application.carrier.gateway import OperatorReceipt

_MOST_CHARACTERS = 8_000
_CODE_CHARACTERS = 64


def receipt(token: str, code: str, told: str, answer: Answer) -> OperatorReceipt:
    """Return the receipt of a complete answer.

    `told` is the request without credentials; `code` is the operator's own word for what happened.
    """
    return OperatorReceipt(
        token=token,
        code=shown(code)[:_CODE_CHARACTERS],
        raw_request=shown(told),
        raw_response=shown(answer.body),
        http_status=answer.status,
    )


def shown(text: str | bytes) -> str:
    """Return text of a bounded length that any column can store: no NUL, no broken characters."""
    if isinstance(text, bytes):
        text = text[: 4 * _MOST_CHARACTERS].decode("utf-8", "replace")
    clean = text[:_MOST_CHARACTERS].replace("\x00", "\ufffd")
    return clean.encode("utf-8", "replace").decode("utf-8")
