"""Payouts to YooMoney wallets through YooKassa's payouts API.

A payout's id is the idempotence key and stands in its metadata, so what is answered can be told
from another payout, and one whose answer was lost is found in the list. An answer about other
money, another payout or a test one is not believed: it is a failed try.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from adapters.providers.pages import Failure
from adapters.providers.reading import reader
from adapters.providers.yookassa import YooKassaSettings, wire
from adapters.providers.yookassa.api import Api
from adapters.providers.yookassa.translate import not_before, to_amount, to_money
from application.ledger.payout_methods import (
    Paid,
    PayoutAnswer,
    PayoutOrder,
    Refused,
    Working,
)
from application.payments.provider import ListingFailed, NotSent, OutcomeUnknown, Rejected
from application.ports import Failed
from domain.shared.errors import InvalidValue
from domain.shared.money import Money

CODE: Final = "yookassa"
REFERENCE_KEY: Final = "payout_id"
_KEYS_KEPT = timedelta(hours=24)
_LARGEST_PAGE = 100
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CODE = re.compile(r"[a-z0-9_.]{1,64}")


class Wallet(msgspec.Struct, frozen=True, tag="yoo_money", tag_field="type"):
    """A YooMoney wallet money goes to."""

    account_number: str


class NewPayout(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a payout to be created."""

    amount: wire.Amount
    payout_destination_data: Wallet
    description: str
    metadata: dict[str, str]


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout, as far as Kazna reads it."""

    id: wire.Id
    status: str
    amount: wire.Amount
    metadata: dict[str, Any] | None = None
    cancellation_details: wire.CancellationDetails | None = None
    test: bool = False


class PayoutPage(msgspec.Struct, frozen=True, tag="list", tag_field="type"):
    """A page of payouts, newest first; the last one has no cursor."""

    items: list[Payout]
    next_cursor: str | None = None


def _same(payout: Payout) -> Payout:
    return payout


def _page(page: PayoutPage) -> PayoutPage:
    return page


_payout, _payouts = reader(Payout, _same), reader(PayoutPage, _page)


class YooKassaPayouts:
    """One payouts gateway at YooKassa; `shop_id` of the settings is the gateway's agent id."""

    def __init__(self, settings: YooKassaSettings) -> None:
        self._test_mode = settings.test_mode
        self._api = Api(settings)

    @property
    def code(self) -> str:
        """`yookassa`."""
        return CODE

    @property
    def keys_kept(self) -> timedelta:
        """A day; after that the same key would be another payout."""
        return _KEYS_KEPT

    async def pay(self, order: PayoutOrder) -> PayoutAnswer:
        """Create the payout, or be answered how it stands."""
        body = NewPayout(
            amount=to_amount(order.money),
            payout_destination_data=Wallet(order.destination.account),
            description=f"Payout for {order.run_date.isoformat()}",
            metadata={REFERENCE_KEY: str(order.payout_id)},
        )
        answer = await self._api.post("payouts", body, key=str(order.payout_id), read=_payout)
        return self._read(order, answer)

    async def look_up(self, order: PayoutOrder, reference: str) -> PayoutAnswer:
        """Ask for the payout by its id at YooKassa."""
        if not _ID.fullmatch(reference):
            return Failed("the reference is not an id of YooKassa's")
        answer = await self._api.get(f"payouts/{reference}", read=_payout)
        if isinstance(answer, Rejected):
            # It was there: that it is not found now, or not shown to us, ends nothing.
            return Failed(f"the payout was not shown: {_told(answer)}")
        if isinstance(answer, Payout) and answer.id != reference:
            return Failed("another payout was answered")
        return self._read(order, answer)

    async def find(self, order: PayoutOrder, since: datetime) -> PayoutAnswer | None:
        """Read the list until the payout turns up, or to its end."""
        query = {"created_at.gte": not_before(since), "limit": str(_LARGEST_PAGE)}
        found: list[Payout] = []
        try:
            async for page in self._api.pages("payouts", query, read=_payouts):
                found += _of(order, page)
        except ListingFailed as error:
            return Failed(str(error))
        if len(found) > 1:
            return Failed(f"{len(found)} payouts of the list name this one")
        return self._read(order, found[0]) if found else None

    async def aclose(self) -> None:
        """Close connections."""
        await self._api.aclose()

    def _read(self, order: PayoutOrder, answer: Payout | Failure) -> PayoutAnswer:
        match answer:
            case NotSent(why, retry_after) | OutcomeUnknown(why, retry_after):
                return Failed(why, retry_after_seconds=retry_after)
            case Rejected(code="invalid_request", access_denied=False, key_conflict=False):
                return Refused(_told(answer))
            case Rejected():
                return Failed(f"the request was not accepted: {_told(answer)}")
        if not _of(order, [answer]) or _money(answer.amount) != order.money:
            return Failed("another payout was answered")
        if answer.test is not self._test_mode:
            kind = "a test payout" if answer.test else "a payout of real money"
            return Failed(f"{kind} was answered: KAZNA_YOOKASSA_TEST does not fit the gateway")
        match answer.status:
            case "succeeded":
                return Paid(answer.id)
            case "canceled":
                details = answer.cancellation_details
                return Refused(details.reason[:64] if details else "unknown", answer.id)
            case "pending":
                return Working(answer.id)
            case _:
                return Failed("the payout has a status that is not known")


def build(settings: YooKassaSettings) -> YooKassaPayouts:
    """Build the adapter."""
    return YooKassaPayouts(settings)


def _of(order: PayoutOrder, payouts: Sequence[Payout]) -> list[Payout]:
    wanted = str(order.payout_id)
    return [one for one in payouts if (one.metadata or {}).get(REFERENCE_KEY) == wanted]


def _money(amount: wire.Amount) -> Money | None:
    try:
        return to_money(amount)
    except (InvalidValue, ArithmeticError, ValueError):
        return None


def _told(refusal: Rejected) -> str:
    """Say a refusal by its codes: a description may repeat the number of the wallet."""
    named = [one for one in (refusal.code, refusal.parameter) if one and _CODE.fullmatch(one)]
    return " ".join(named) or "no code"
