"""Answers of which one thing is not true."""

from typing import Any

import msgspec

from entrypoints.sandbox.faults import Kind


def falsified(body: bytes, kind: Kind) -> bytes:
    """Return an answer with another amount, currency or test flag, in every object it lists."""
    answer: Any = msgspec.json.decode(body)
    if isinstance(answer, dict):
        for shown in answer.get("items", [answer]):
            _falsify(shown, kind)
    return msgspec.json.encode(answer)


def _falsify(shown: dict[str, Any], kind: Kind) -> None:
    if kind == "flipped_test" and "test" in shown:
        shown["test"] = not shown["test"]
    amount = shown.get("amount")
    if not isinstance(amount, dict):
        return
    if kind == "wrong_amount":
        value = amount["value"]
        amount["value"] = value[:-1] + str((int(value[-1]) + 1) % 10)
    if kind == "wrong_currency":
        amount["currency"] = "EUR" if amount["currency"] == "USD" else "USD"
