"""Callbacks of XPortal, read into reports: orders and stops by SMS, and how charges ended.

A notification names neither an amount nor an event, so the amount travels in the reference we give
(`reference`), and an event is named by what it says.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.operators.callbacks import check_length, only_value, stable_id
from adapters.operators.declines import declined
from adapters.operators.numbers import Numbers
from adapters.operators.receipts import shown
from adapters.operators.xportal.settings import XPortalOptions
from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    CallbackRefused,
    ChargeReported,
    Declined,
    OperatorReceipt,
    Paid,
    Postpaid,
    RawCallback,
    Report,
    SubscribeRequested,
    UnsubscribeRequested,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money
from domain.shared.msisdn import Msisdn

_PAID = frozenset({"200", "201"})
_POSTPAID, _BLACKLISTED = "414", "1003"
_REFERENCE = re.compile(r"([A-Za-z0-9-]{1,64})\.([1-9][0-9]{0,14})")


def reference(token: str, amount_minor: int) -> str:
    """Return what a charge is called on the wire."""
    return f"{token}.{amount_minor}"


class Reader:
    """Checks the sender, then reads; what both of them need is in the options."""

    def __init__(self, options: XPortalOptions, numbers: Numbers, currency: Currency) -> None:
        self._options = options
        self._numbers = numbers
        self._currency = currency

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Read one callback; raise CallbackRefused."""
        check_length(callback)
        self._options.sender.check(callback)
        match callback.path.rpartition("/")[2]:
            case "mo":
                return [self._text(callback.query)]
            case "dn":
                return [self._outcome(callback.query)]
            case _:
                raise CallbackRefused("callbacks go to mo or dn", authentic=True)

    def _text(self, query: Sequence[tuple[str, str]]) -> Report:
        msisdn = self._number(only_value(query, "msisdn"))
        text = shown(only_value(query, "message"))
        rrn = only_value(query, "rrn")
        words = text.split()
        if not words:
            raise CallbackRefused("a text without a word", authentic=True)
        event_id = stable_id("mo", rrn, msisdn.digits, text)
        named = [word for word in words if word.casefold() not in self._options.stop_words]
        keyword = named[0][:64] if named else None
        if len(named) < len(words):
            return UnsubscribeRequested(
                event_id=event_id, msisdn=msisdn, keyword=keyword, text=text
            )
        return SubscribeRequested(
            event_id=event_id,
            msisdn=msisdn,
            keyword=keyword,
            text=text,
            said_at=_instant(only_value(query, "timestamp", needed=False)),
            operator_token=rrn[:64] or None,
        )

    def _outcome(self, query: Sequence[tuple[str, str]]) -> ChargeReported:
        code = shown(only_value(query, "code"))[:64]
        rrn = only_value(query, "rrn")
        token, money = self._meant(rrn)
        at = _instant(only_value(query, "timestamp", needed=False))
        told = [(name, value) for name, value in query if name != "key"]
        receipt = OperatorReceipt(
            token=token or stable_id("dn", rrn), code=code, raw_response=shown(f"{told}")
        )
        return ChargeReported(
            event_id=stable_id("dn", rrn, code, only_value(query, "msisdn")),
            outcome=self._meaning(code, receipt, money, at),
            token=token,
            msisdn=self._number(only_value(query, "msisdn")),
        )

    def _meaning(
        self, code: str, receipt: OperatorReceipt, money: Money | None, at: datetime | None
    ) -> Paid | Accepted | Declined | Postpaid | Blacklisted:
        if code in _PAID:
            if money is None:
                raise CallbackRefused(
                    "a paid notification names none of our charges, and no price", authentic=True
                )
            return Paid(receipt, money, at)
        if code == _POSTPAID:
            return Postpaid(receipt)
        if code == _BLACKLISTED:
            return Blacklisted(receipt)
        reason = self._options.declines.get(code)
        # A code nobody knows may mean anything, so it decides nothing.
        return declined(receipt, reason) if reason else Accepted(receipt)

    def _meant(self, rrn: str) -> tuple[str | None, Money | None]:
        """Return our token and the amount; where there is one price only, it is that."""
        if found := _REFERENCE.fullmatch(rrn):
            return found.group(1), Money(int(found.group(2)), self._currency)
        amounts = list(self._options.tariffs)
        only = Money(amounts[0], self._currency) if len(amounts) == 1 else None
        return rrn[:64] or None, only

    def _number(self, text: str) -> Msisdn:
        try:
            return self._numbers.read(text)
        except InvalidValue as error:
            raise CallbackRefused("the callback names no number", authentic=True) from error


def _instant(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise CallbackRefused("a timestamp is seconds since 1970", authentic=True) from error
