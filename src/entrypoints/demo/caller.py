"""Calls of the API with tokens of their own, as a company's backend makes them."""

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from adapters.security.tokens import SignedTokens
from application.identity.access import Role
from entrypoints.cli.failures import WentWrong

_TOKEN_MINUTES = 10
_RENEW_AFTER_SECONDS = 300.0


class Unexpected(WentWrong):
    """The API answered something the demonstration has no plan for; the text says what."""


class Conflict(Unexpected):
    """What was asked for does not go with what is so already; `code` is the problem's."""

    def __init__(self, told: str, code: str, detail: str) -> None:
        super().__init__(told)
        self.code, self.detail = code, detail


@dataclass(slots=True)
class Caller:
    """Speaks HTTP with a service token, or an administrator's, and counts what it asks."""

    api: httpx.AsyncClient
    tokens: SignedTokens
    requests: int = 0
    _issued: dict[Role, tuple[str, float]] = field(default_factory=dict)

    async def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = None,
        admin: bool = False,
    ) -> Any:
        """Return the answer's body. Raises Conflict and Unexpected."""
        role = Role.ADMIN if admin else Role.SERVICE
        headers = {"authorization": f"Bearer {self._token(role)}"}
        if key:
            headers["idempotency-key"] = key
        self.requests += 1
        answer = await self.api.request(method, f"/api/v1{path}", json=body, headers=headers)
        if answer.is_success:
            return answer.json() if answer.content else None
        told = f"{method} {path} answered {answer.status_code}: {answer.text[:300]}"
        if answer.status_code == HTTPStatus.CONFLICT:
            problem = answer.json()
            raise Conflict(told, problem.get("code", ""), problem.get("detail", ""))
        raise Unexpected(told)

    def _token(self, role: Role) -> str:
        now = time.monotonic()
        token, renew_at = self._issued.get(role, ("", 0.0))
        if now >= renew_at:
            token = self.tokens.issue("demo", frozenset({role}), minutes=_TOKEN_MINUTES)
            self._issued[role] = (token, now + _RENEW_AFTER_SECONDS)
        return token
