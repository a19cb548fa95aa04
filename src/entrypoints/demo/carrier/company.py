"""The company as Kazna's API sees it, and the world outside as the sandbox plays it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from entrypoints.demo.caller import Caller
from entrypoints.demo.carrier.cast import Operator
from entrypoints.demo.carrier.traffic import Order, Stop, Traffic

_LISTED_AT_ONCE = 1000


@dataclass(slots=True)
class Company:
    """Sets operators up, brings orders and stops, and asks the emulators for their records."""

    caller: Caller
    sandbox: httpx.AsyncClient
    sandbox_url: str

    async def set_up(self, operator: Operator) -> None:
        """Put an operator with one daily service, its price and its keyword."""
        plan = await self.caller(
            "POST",
            "/admin/plans",
            {"name": f"Tips of {operator.name}", "interval": {"count": 1, "unit": "day"}},
            key=f"plan-{operator.code}",
            admin=True,
        )
        money = operator.price
        await self.caller(
            "POST",
            f"/admin/plans/{plan['id']}/prices",
            {"amount_minor": money.amount_minor, "currency": money.currency.code},
            key=f"price-{operator.code}",
            admin=True,
        )
        here = f"{self.sandbox_url}/sandbox/operators/{operator.code}"
        options = {
            name: here if value == "{sandbox}" else value
            for name, value in operator.options.items()
        }
        await self.caller(
            "PUT",
            f"/admin/carrier/operators/{operator.code}",
            {
                "wire_id": operator.wire_id,
                "name": operator.name,
                "country_code": operator.country_code,
                "country_name": operator.country,
                "currency": money.currency.code,
                "time_zone": operator.time_zone,
                "protocol": operator.protocol,
                "base_url": here,
                "options": options,
                **operator.pace,
            },
            admin=True,
        )
        await self.caller(
            "PUT",
            f"/admin/carrier/operators/{operator.code}/services/{operator.service}",
            {
                "name": "Tips",
                "plan_id": plan["id"],
                "policy": dict(operator.policy),
                "texts": dict(operator.texts),
                "content_url": f"{self.sandbox_url}/tip",
            },
            admin=True,
        )
        await self.caller(
            "PUT",
            f"/admin/carrier/campaigns/{operator.code}-tips",
            {
                "operator": operator.code,
                "service_code": operator.service,
                "keyword": operator.keyword,
            },
            admin=True,
        )
        await self._control(operator, "PATCH", "/config", dict(operator.conditions))
        await self._control(operator, "POST", "/faults", list(operator.faults))

    async def list_numbers(self, operator: Operator, traffic: Traffic) -> None:
        """Say whom nobody may charge, and let the emulator know who pays later."""
        numbers = [number for whose, number in traffic.blacklisted if whose == operator]
        for first in range(0, len(numbers), _LISTED_AT_ONCE):
            body = {
                "numbers": [f"+{one}" for one in numbers[first : first + _LISTED_AT_ONCE]],
                "country_code": operator.country_code,
                "reason": "demonstration",
            }
            await self.caller("POST", "/admin/carrier/lists/blacklisted/add", body, admin=True)
        postpaid = [number for whose, number in traffic.postpaid if whose == operator]
        for number in postpaid:
            await self._stands(operator, number, "postpaid")
        if operator.charges_by_itself:
            for number in numbers:  # it has our list too: whom it charges is up to it
                await self._stands(operator, number, "blacklisted")

    async def order(self, order: Order, said_at: str) -> None:
        """Let a subscriber order, on our page or at the operator."""
        operator = order.operator
        if operator.by_callback:
            body = {
                "msisdn": order.msisdn,
                "kind": "mo",
                "id": order.event_id,
                "text": operator.keyword,
                "keyword": operator.keyword,
                "times": order.times,
            }
            await self._control(operator, "POST", "/mo", body)
            return
        for _ in range(order.times):
            await self.caller(
                "POST",
                f"/carrier/{operator.code}/mo",
                {
                    "event_id": order.event_id,
                    "msisdn": f"+{order.msisdn}",
                    "service_code": operator.service,
                    "source": "landing page",
                    "said_at": said_at,
                    "text": "yes, daily",
                },
            )

    async def stop(self, stop: Stop) -> None:
        """Let a subscriber end it, on our page or at the operator."""
        operator = stop.operator
        if operator.by_callback:
            body = {"msisdn": stop.msisdn, "kind": "mo", "id": stop.event_id, "text": "STOP"}
            await self._control(operator, "POST", "/mo", body)
            return
        await self.caller(
            "POST", f"/carrier/{operator.code}/unsubscribe", {"msisdn": f"+{stop.msisdn}"}
        )

    async def calm_down(self, operator: Operator) -> None:
        """Let nothing go wrong at an operator any more."""
        travel = {"lost_percent": 0, "duplicate_percent": 0, "interim_percent": 0}
        await self._control(
            operator, "PATCH", "/config", {"notifications": travel | {"delay_seconds": 0}}
        )
        await self._control(operator, "DELETE", "/faults")

    async def billing(self, operator: Operator, cursor: int) -> tuple[list[dict[str, Any]], int]:
        """Return what the operator billed after a place in its records, and the next place."""
        found: list[dict[str, Any]] = []
        while True:
            page = await self._control(operator, "GET", f"/billing?cursor={cursor}&limit=10000")
            found += page["items"]
            if page["items"]:
                cursor = page["items"][-1]["number"]
            if page["next_cursor"] is None:
                return found, cursor

    async def _stands(self, operator: Operator, number: str, standing: str) -> None:
        await self._control(operator, "PUT", f"/subscribers/{number}", {"standing": standing})

    async def _control(self, operator: Operator, method: str, path: str, body: Any = None) -> Any:
        answer = await self.sandbox.request(
            method, f"/sandbox/operators/{operator.code}/control{path}", json=body
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None


Records = Mapping[str, list[dict[str, Any]]]
