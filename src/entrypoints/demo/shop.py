"""The shop's backend as Kazna sees it: it speaks HTTP with a service token, and nothing else."""

import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from adapters.security.tokens import SignedTokens
from application.identity.access import Role
from domain.shared.money import Money
from entrypoints.cli.failures import WentWrong

PROVIDER = "yookassa"
CLUB_PRICE = Money.of(499, "USD")
TRIAL_DAYS = 30
_TOKEN_MINUTES = 10
_RENEW_AFTER_SECONDS = 300.0
_RETURN_PATH = "/thanks"
# Pays at the page after 3-D Secure, and every later charge of the saved card.
CARD = "5555555555554477"


class Unexpected(WentWrong):
    """The API answered something this shop has no plan for; the text says what."""


class CardNotUsable(Exception):
    """The saved card cannot be charged any more: the customer has to come with another."""


@dataclass(slots=True)
class Shop:
    """Calls the API, and plays the payer at the provider's page."""

    api: httpx.AsyncClient
    tokens: SignedTokens
    _token: str = ""
    _renew_at: float = 0.0
    requests: int = field(default=0)

    async def open_club(self) -> str:
        """Create the monthly plan, first month on the house, and return the id of its price."""
        admin = self.tokens.issue("demo", frozenset({Role.ADMIN}), minutes=_TOKEN_MINUTES)
        plan = await self._call(
            "POST",
            "/admin/plans",
            {
                "name": "club",
                "interval": {"count": 1, "unit": "month"},
                "trial_days": TRIAL_DAYS,
                "is_recurring": True,
            },
            key="demo-plan",
            token=admin,
        )
        price = await self._call(
            "POST",
            f"/admin/plans/{plan['id']}/prices",
            {"amount_minor": CLUB_PRICE.amount_minor, "currency": CLUB_PRICE.currency.code},
            key="demo-price",
            token=admin,
        )
        return str(price["id"])

    async def register(self, customer: int) -> str:
        """Register a customer under the shop's own number and return Kazna's id."""
        body = {"external_id": f"cdnow-{customer:05}"}
        return str((await self._call("POST", "/customers", body))["id"])

    async def invoice(self, customer_id: str, money: Money, line: int, cds: int) -> str:
        """Issue an invoice for a purchase and return its id."""
        body = {
            "customer_id": customer_id,
            "amount_minor": money.amount_minor,
            "currency": money.currency.code,
            "description": f"{cds} CDs" if cds != 1 else "1 CD",
            "purpose": "purchase",
            "reference": f"cdnow:{line}",
        }
        return str((await self._call("POST", "/invoices", body, key=f"invoice-{line}"))["id"])

    async def charge(self, invoice_id: str, method_id: str, line: int) -> None:
        """Pay an invoice with the saved card, in the background. Raises CardNotUsable."""
        body = {"provider": PROVIDER, "method_id": method_id}
        await self._call("POST", f"/invoices/{invoice_id}/pay", body, key=f"charge-{line}")

    async def check_out(self, invoice_id: str, line: int) -> None:
        """Pay an invoice as a customer who is present does, and let the card be saved."""
        back = f"{self.api.base_url.copy_with(path=_RETURN_PATH)}"
        body = {"provider": PROVIDER, "return_url": back, "save_method": True}
        paying = await self._call(
            "POST", f"/invoices/{invoice_id}/pay", body, key=f"checkout-{line}"
        )
        decision = {"action": "pay", "card": CARD}
        if paying["kind"] != "redirect":
            raise Unexpected(f"a checkout was answered with {paying['kind']!r}")
        shown = await self.api.post(paying["url"], json=decision)
        self.requests += 1
        if shown.status_code != HTTPStatus.OK:
            raise Unexpected(f"the payment page answered {shown.status_code}: {shown.text[:200]}")

    async def is_paid(self, invoice_id: str) -> bool:
        """Tell whether an invoice is paid."""
        return bool((await self._call("GET", f"/invoices/{invoice_id}"))["status"] == "paid")

    async def saved_card(self, customer_id: str) -> str:
        """Return the customer's newest saved card."""
        found = await self._call("GET", f"/payment-methods?customer_id={customer_id}")
        return str(found["items"][0]["id"])

    async def join_club(self, customer_id: str, price_id: str, method_id: str) -> None:
        """Subscribe a customer to the club, renewed with the saved card."""
        body = {
            "customer_id": customer_id,
            "price_id": price_id,
            "provider": PROVIDER,
            "auto_renewal": True,
            "pay": "saved",
            "method_id": method_id,
        }
        await self._call("POST", "/subscriptions", body, key=f"club-{customer_id}")

    async def _call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        key: str | None = None,
        token: str | None = None,
    ) -> Any:
        headers = {"authorization": f"Bearer {token or self._fresh_token()}"}
        if key:
            headers["idempotency-key"] = key
        self.requests += 1
        answer = await self.api.request(method, f"/api/v1{path}", json=body, headers=headers)
        if answer.is_success:
            return answer.json() if answer.content else None
        problem = answer.json() if answer.status_code == HTTPStatus.CONFLICT else {}
        if problem.get("code") == "payment_method_not_usable":
            raise CardNotUsable(problem["detail"])
        raise Unexpected(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")

    def _fresh_token(self) -> str:
        now = time.monotonic()
        if now >= self._renew_at:
            self._token = self.tokens.issue(
                "demo-shop", frozenset({Role.SERVICE}), minutes=_TOKEN_MINUTES
            )
            self._renew_at = now + _RENEW_AFTER_SECONDS
        return self._token
