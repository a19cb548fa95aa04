"""What the company does through the API: people, tasks of its own, the button, done."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from adapters.security.seal import sign
from adapters.security.tokens import SignedTokens
from application.identity.access import Role
from entrypoints.demo.caller import Unexpected
from entrypoints.demo.tasks.deliveries import person_id

PARTNER = "history"
_MINUTES = 60


class Company:
    """Speaks HTTP: as an administrator, as any of its people, and as a partner's tracker."""

    def __init__(self, api: httpx.AsyncClient, tokens: SignedTokens, secret: str) -> None:
        self._api, self._tokens, self._secret = api, tokens, secret
        self._issued: dict[tuple[Role, str], str] = {}
        self.requests = 0
        self.taken, self.repeated = 0, 0

    async def hire(self, name: str, role: Role = Role.WORKER) -> UUID:
        """Register somebody under the id they have in the history; half of them read Russian."""
        key = person_id(name)
        body = {
            "id": str(key),
            "name": name,
            "email": f"{name}@example.com",
            "role": role.value,
            "language": "ru" if key.int % 2 else "en",
        }
        await self._call("POST", "/people", body, Role.ADMIN, "demo", key=f"hire-{name}")
        return key

    async def create(self, author: UUID, title: str, key: str) -> Mapping[str, Any]:
        """Create a task; somebody is drawn for it."""
        body = {"title": title, "description": "Made through the API"}
        made: Mapping[str, Any] = await self._call(
            "POST", "/tasks", body, Role.WORKER, str(author), key=key
        )
        return made

    async def press(self, manager: UUID, key: str) -> UUID:
        """Press the button."""
        asked = await self._call(
            "POST", "/tasks/reassign", None, Role.MANAGER, str(manager), key=key
        )
        return UUID(asked["batch_id"])

    async def open_tasks(self, manager: UUID) -> list[tuple[UUID, UUID]]:
        """Return (task, assignee) of every open task, page by page."""
        found: list[tuple[UUID, UUID]] = []
        cursor = ""
        while True:
            page = await self._call(
                "GET", f"/tasks?status=open&limit=100{cursor}", None, Role.MANAGER, str(manager)
            )
            found += [(UUID(one["id"]), UUID(one["assignee_id"])) for one in page["items"]]
            if page["next_cursor"] is None:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def complete(self, task: UUID, person: UUID) -> None:
        """Complete a task as its assignee."""
        await self._call("POST", f"/tasks/{task}/complete", None, Role.WORKER, str(person))

    async def deliver(self, events: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Send events through the signed door; each must be taken, once."""
        body = json.dumps({"events": events}, ensure_ascii=False).encode()
        timestamp = str(int(now.timestamp()))
        self.requests += 1
        answer = await self._api.post(
            "/api/v1/events",
            content=body,
            headers={
                "x-partner": PARTNER,
                "x-timestamp": timestamp,
                "x-signature": sign(self._secret, timestamp, body),
            },
        )
        if not answer.is_success or answer.json()["refused"]:
            raise Unexpected(
                f"the door for events answered {answer.status_code}: {answer.text[:300]}"
            )
        told = answer.json()
        self.taken += told["accepted"]
        self.repeated += told["repeated"]

    async def _call(
        self,
        method: str,
        path: str,
        body: Any,
        role: Role,
        subject: str,
        *,
        key: str | None = None,
    ) -> Any:
        token = self._issued.get((role, subject))
        if token is None:
            token = self._tokens.issue(subject, frozenset({role}), minutes=_MINUTES)
            self._issued[role, subject] = token
        headers = {"authorization": f"Bearer {token}"}
        if key:
            headers["idempotency-key"] = key
        self.requests += 1
        answer = await self._api.request(method, f"/api/v1{path}", json=body, headers=headers)
        if answer.is_success:
            return answer.json()
        raise Unexpected(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
