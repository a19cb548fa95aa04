"""The shop's backend as Kazna sees it: it speaks HTTP with a service token, and nothing else."""

from dataclasses import dataclass
from http import HTTPStatus

from domain.shared.money import Money
from entrypoints.demo.caller import Caller, Conflict, Unexpected

PROVIDER = "yookassa"
CLUB_PRICE = Money.of(499, "USD")
TRIAL_DAYS = 30
_RETURN_PATH = "/thanks"
# Pays at the page after 3-D Secure, and every later charge of the saved card.
CARD = "5555555555554477"


class CardNotUsable(Exception):
    """The saved card cannot be charged any more: the customer has to come with another."""


@dataclass(slots=True)
class Shop:
    """Calls the API, and plays the payer at the provider's page."""

    call: Caller

    @property
    def requests(self) -> int:
        """Count the requests made so far."""
        return self.call.requests

    async def open_club(self) -> str:
        """Create the monthly plan, first month on the house, and return the id of its price."""
        plan = await self.call(
            "POST",
            "/admin/plans",
            {
                "name": "club",
                "interval": {"count": 1, "unit": "month"},
                "trial_days": TRIAL_DAYS,
                "is_recurring": True,
            },
            key="demo-plan",
            admin=True,
        )
        price = await self.call(
            "POST",
            f"/admin/plans/{plan['id']}/prices",
            {"amount_minor": CLUB_PRICE.amount_minor, "currency": CLUB_PRICE.currency.code},
            key="demo-price",
            admin=True,
        )
        return str(price["id"])

    async def register(self, customer: int) -> str:
        """Register a customer under the shop's own number and return Kazna's id."""
        body = {"external_id": f"cdnow-{customer:05}"}
        return str((await self.call("POST", "/customers", body))["id"])

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
        return str((await self.call("POST", "/invoices", body, key=f"invoice-{line}"))["id"])

    async def charge(self, invoice_id: str, method_id: str, line: int) -> None:
        """Pay an invoice with the saved card, in the background. Raises CardNotUsable."""
        body = {"provider": PROVIDER, "method_id": method_id}
        try:
            await self.call("POST", f"/invoices/{invoice_id}/pay", body, key=f"charge-{line}")
        except Conflict as refused:
            if refused.code != "payment_method_not_usable":
                raise
            raise CardNotUsable(refused.detail) from refused

    async def check_out(self, invoice_id: str, line: int) -> None:
        """Pay an invoice as a customer who is present does, and let the card be saved."""
        back = f"{self.call.api.base_url.copy_with(path=_RETURN_PATH)}"
        body = {"provider": PROVIDER, "return_url": back, "save_method": True}
        paying = await self.call(
            "POST", f"/invoices/{invoice_id}/pay", body, key=f"checkout-{line}"
        )
        decision = {"action": "pay", "card": CARD}
        if paying["kind"] != "redirect":
            raise Unexpected(f"a checkout was answered with {paying['kind']!r}")
        shown = await self.call.api.post(paying["url"], json=decision)
        self.call.requests += 1
        if shown.status_code != HTTPStatus.OK:
            raise Unexpected(f"the payment page answered {shown.status_code}: {shown.text[:200]}")

    async def is_paid(self, invoice_id: str) -> bool:
        """Tell whether an invoice is paid."""
        return bool((await self.call("GET", f"/invoices/{invoice_id}"))["status"] == "paid")

    async def saved_card(self, customer_id: str) -> str:
        """Return the customer's newest saved card."""
        found = await self.call("GET", f"/payment-methods?customer_id={customer_id}")
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
        await self.call("POST", "/subscriptions", body, key=f"club-{customer_id}")
