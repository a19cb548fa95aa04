"""CloudPayments' notifications: signed over the raw bytes, told apart by the address they came to.

The body does not say which notification it is: the terminal sends each kind to an address of its
own, and the last part of ours names the kind, as in `/webhooks/cloudpayments/pay`.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from adapters.http.peers import Networks
from adapters.providers.checks import PaymentQuestion, Verdict
from adapters.providers.cloudpayments import wire
from adapters.providers.cloudpayments.translate import CODE, number_id, to_money
from adapters.providers.reading import readable, without_nul
from application.payments.provider import (
    EventKind,
    NotificationRefused,
    RawRequest,
    Trust,
    VerifiedEvent,
)
from domain.shared.errors import InvalidValue

_LONGEST_BODY = 256 * 1024
_MOST_FIELDS = 200
ACKNOWLEDGED = b'{"code":0}'

# Kinds that tell how a payment or refund stands now. The others are no news for us: subscriptions
# run in our own books, and receipts are kept by the fiscal service.
_KINDS = {
    "pay": EventKind.PAYMENT_CHANGED,
    "fail": EventKind.PAYMENT_CHANGED,
    "confirm": EventKind.PAYMENT_CHANGED,
    "cancel": EventKind.PAYMENT_CHANGED,
    "refund": EventKind.REFUND_CHANGED,
}
_CHECK = "check"
_CODES = {
    Verdict.ACCEPTABLE: 0,
    Verdict.UNKNOWN_INVOICE: 10,
    Verdict.WRONG_ACCOUNT: 11,
    Verdict.WRONG_AMOUNT: 12,
    Verdict.NOT_ACCEPTED: 13,
    Verdict.TOO_LATE: 20,
}
_JSON = msgspec.json.Decoder(wire.Notification, strict=False)


class Doorkeeper:
    """Lets in what carries the terminal's signature, and comes from its networks if any are set."""

    def __init__(self, secret: str, networks: Sequence[str] = ()) -> None:
        self._secret = secret.encode("ascii")
        self._networks = Networks(networks) if networks else None

    def verify(self, request: RawRequest) -> VerifiedEvent:
        """Check the sender, then read; raise NotificationRefused."""
        kind, told = _kind_of(request), self._read(request)
        event = _KINDS.get(kind, EventKind.IGNORED)
        about = told.id or str(told.transaction_id)
        if event is not EventKind.IGNORED:
            if not told.transaction_id:
                raise NotificationRefused("the notification names no transaction", authentic=True)
            about = str(told.transaction_id)
        if event is EventKind.PAYMENT_CHANGED:
            external_id = told.invoice_id or number_id(told.transaction_id)
        else:
            external_id = about
        return VerifiedEvent(
            provider=CODE,
            dedupe_key=f"{kind}:{about}:{told.status or ''}",
            kind=event,
            external_id=external_id,
            trust=Trust.AUTHENTIC,
        )

    def question(self, request: RawRequest) -> PaymentQuestion | None:
        """Return what a Check asks; None for a notification that asks nothing."""
        if _kind_of(request) != _CHECK:
            return None
        told = self._read(request)
        try:
            money = to_money(told.amount, told.currency) if told.amount and told.currency else None
        except InvalidValue:
            money = None
        return PaymentQuestion(reference=told.invoice_id, account_id=told.account_id, money=money)

    def _read(self, request: RawRequest) -> wire.Notification:
        if self._networks and not self._networks.know(request.peer_ip):
            raise NotificationRefused("the sender is not CloudPayments", authentic=False)
        if len(request.body) > _LONGEST_BODY:
            raise NotificationRefused("the notification is too long", authentic=False)
        if not self._is_signed(request):
            raise NotificationRefused("the signature is missing or wrong", authentic=False)
        told = readable(_decode, request.body)
        if told is None:
            raise NotificationRefused("the notification cannot be read", authentic=True)
        return told

    def _is_signed(self, request: RawRequest) -> bool:
        """Accept either signature: one is over the body as it came, one over it URL-decoded."""
        raw = self._signature(request.body)
        decoded = self._signature(_url_decoded(request.body))
        over_raw = request.headers.get("content-hmac", "").encode()
        over_either = request.headers.get("x-content-hmac", "").encode()
        # Every one is compared, so that time does not tell which came close.
        return any(
            [
                hmac.compare_digest(over_raw, raw),
                hmac.compare_digest(over_either, raw),
                hmac.compare_digest(over_either, decoded),
            ]
        )

    def _signature(self, body: bytes) -> bytes:
        return b64encode(hmac.new(self._secret, body, hashlib.sha256).digest())


def answer(verdict: Verdict) -> bytes:
    """Write the answer to a Check."""
    return msgspec.json.encode({"code": _CODES[verdict]})


def _kind_of(request: RawRequest) -> str:
    return request.path.rstrip("/").rpartition("/")[2].casefold()


def _decode(body: bytes) -> wire.Notification:
    if body.lstrip()[:1] == b"{":
        return _JSON.decode(without_nul(body))
    fields = parse_qsl(body.decode("utf-8"), keep_blank_values=False, max_num_fields=_MOST_FIELDS)
    if any("\x00" in value for _, value in fields):
        raise ValueError("a NUL in a field")
    return msgspec.convert(dict(fields), wire.Notification, strict=False)


def _url_decoded(body: bytes) -> bytes:
    return unquote_plus(body.decode("utf-8", "surrogateescape"), errors="surrogateescape").encode(
        "utf-8", "surrogateescape"
    )
