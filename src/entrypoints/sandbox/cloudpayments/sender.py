"""The terminal's notifications, as the sender carries them, and the question before a payment."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

import httpx
import msgspec

from entrypoints.sandbox.cloudpayments import notifications
from entrypoints.sandbox.cloudpayments.terminal import Terminal
from entrypoints.sandbox.emulated import Mail
from entrypoints.sandbox.moments import HOUR_MS
from entrypoints.sandbox.sender import Letter

# What a Check's answer makes of the payment; the payer's card is not asked.
_REFUSALS: Final = {10: 3001, 11: 3002, 12: 3003, 20: 3004, 13: 3008}
_ODD, _UNAVAILABLE, _UNREACHED = 3005, 3006, 3007


class _Code(msgspec.Struct):
    code: int


class TerminalMail(Mail[Terminal]):
    """The terminal as the sender sees it; `{"code":0}` alone takes a notification."""

    def advance(self, now_ms: int) -> None:
        self.store.run("DELETE FROM request WHERE at_ms <= ?", now_ms - HOUR_MS)

    def letter(self, number: int) -> Letter | None:
        row = self.store.one("SELECT url, body FROM notification WHERE number = ?", number)
        if row is None:
            return None
        return Letter("POST", row[0], headers_of(self._emulated, row[1]), row[1])

    def is_delivered(self, status: int, body: bytes) -> bool:
        return status == 200 and _code_in(body) == 0


async def ask_first(terminal: Terminal, fields: dict[str, Any]) -> int:
    """Ask the shop whether a payment may be made; return the reason code, 0 to go on."""
    roads = terminal.behaviour.notifications
    if roads.url is None or "check" not in roads.kinds:
        return 0
    body = notifications.body_of(terminal, fields)
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(
                f"{roads.url}/check",
                content=body,
                headers=dict(headers_of(terminal, body)),
                timeout=roads.timeout_seconds,
            )
    except (httpx.HTTPError, httpx.InvalidURL):
        return _UNREACHED
    if answer.status_code != 200:
        return _UNREACHED if answer.status_code in (404, 504, 508) else _UNAVAILABLE
    code = _code_in(answer.content)
    return 0 if code == 0 else _REFUSALS.get(code if code is not None else -1, _ODD)


def headers_of(terminal: Terminal, body: bytes) -> Mapping[str, str]:
    """Sign a body twice: as it is, and URL-decoded."""
    json = terminal.behaviour.notifications.as_json
    decoded = body if json else unquote_plus(body.decode()).encode()
    return {
        "content-type": "application/json" if json else "application/x-www-form-urlencoded",
        "user-agent": "CloudPayments",
        "content-hmac": _signature(terminal, body),
        "x-content-hmac": _signature(terminal, decoded),
    }


def _signature(terminal: Terminal, body: bytes) -> str:
    secret = terminal.account.secret.encode()
    return b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()


def _code_in(body: bytes) -> int | None:
    try:
        return msgspec.json.decode(body, type=_Code).code
    except msgspec.DecodeError:
        return None
