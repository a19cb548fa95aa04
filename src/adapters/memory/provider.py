"""ScriptedProvider: the port of card providers over a gateway in memory, with faults on demand."""

import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from adapters.memory.gateway import KEYS_KEPT, ScriptedGateway
from adapters.providers.outcomes import charge_outcome
from application.payments.provider import (
    Capabilities,
    ChargeOutcome,
    CheckoutRequest,
    EventKind,
    Found,
    ListingFailed,
    LookUp,
    Missing,
    NotificationRefused,
    NotSent,
    OutcomeUnknown,
    PaymentFilter,
    PaymentSnapshot,
    RawRequest,
    RefundAnswered,
    RefundOutcome,
    RefundRequest,
    RefundSnapshot,
    Rejected,
    SavedChargeRequest,
    Trust,
    Unreachable,
    VerifiedEvent,
)
from application.ports import Clock, Entropy
from domain.shared.money import Money

SIGNATURE_HEADER = "x-scripted-signature"

T = TypeVar("T")


class Fault(StrEnum):
    """What goes wrong between Kazna and the gateway with one call that moves money."""

    NOT_CONNECTED = "not_connected"
    THROTTLED = "throttled"
    REQUEST_LOST = "request_lost"
    ANSWER_LOST = "answer_lost"


class ScriptedProvider:
    """A provider whose gateway lives in this process; see `gateway` for payers and banks.

    `inject` breaks the next calls that move money, in order; `is_down` breaks every call and every
    look-up. It awaits nothing, so a simulation stays deterministic and a benchmark measures Kazna.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        entropy: Entropy,
        code: str = "scripted",
        trust: Trust = Trust.HINT,
        test: bool = True,
    ) -> None:
        self.gateway = ScriptedGateway(clock=clock, entropy=entropy, provider=code, test=test)
        self.is_down = False
        self._code = code
        self._trust = trust
        self._faults: deque[Fault] = deque()
        self._secret = entropy.token().encode()

    @property
    def code(self) -> str:
        """The name it was given."""
        return self._code

    @property
    def capabilities(self) -> Capabilities:
        """Everything the port knows."""
        return Capabilities(
            redirect=True,
            widget=True,
            saved_methods=True,
            two_stage=True,
            partial_capture=True,
            partial_refund=True,
            list_by_captured=True,
            webhook_signed=True,
            receipts=True,
            idempotency_ttl=KEYS_KEPT,
        )

    def inject(self, *faults: Fault) -> None:
        """Break the next calls that move money, in order."""
        self._faults.extend(faults)

    async def start_checkout(self, request: CheckoutRequest) -> ChargeOutcome:
        """Open a payment; the gateway's `pay` and `decline` are the payer."""
        return self._charge(
            request.idempotency_key, request, lambda: self.gateway.open_checkout(request)
        )

    async def charge_saved(self, request: SavedChargeRequest) -> ChargeOutcome:
        """Charge a saved method as the gateway was told."""
        return self._charge(request.idempotency_key, request, lambda: self.gateway.charge(request))

    async def get_payment(self, external_id: str) -> LookUp:
        """Look a payment up."""
        if self.is_down:
            return Unreachable("the gateway is down")
        payment = self.gateway.payment(external_id)
        return Found(payment) if payment else Missing()

    async def find_by_reference(
        self, reference: str, *, created_from: datetime, created_to: datetime
    ) -> LookUp:
        """Look through the window for one of our references."""
        if self.is_down:
            return Unreachable("the gateway is down")
        wanted = PaymentFilter(created_from=created_from, created_to=created_to)
        for payment in self.gateway.newest_payments():
            if payment.reference == reference and _matches(payment, wanted):
                return Found(payment)
        return Missing()

    async def list_payments(
        self, wanted: PaymentFilter
    ) -> AsyncIterator[Sequence[PaymentSnapshot]]:
        """Yield pages, newest first."""
        matching = (each for each in self.gateway.newest_payments() if _matches(each, wanted))
        for page in self._pages(matching, wanted.page_size):
            yield page

    async def capture(
        self, external_id: str, *, idempotency_key: str, money: Money | None = None
    ) -> ChargeOutcome:
        """Take held money."""
        request = ("capture", external_id, money)
        return self._charge(
            idempotency_key, request, lambda: self.gateway.capture(external_id, money)
        )

    async def cancel(self, external_id: str, *, idempotency_key: str) -> ChargeOutcome:
        """Let held money go."""
        request = ("cancel", external_id)
        return self._charge(idempotency_key, request, lambda: self.gateway.cancel(external_id))

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Give money back."""
        made = self._sent(
            request.idempotency_key, request, lambda: self.gateway.open_refund(request)
        )
        return self._refund(made) if isinstance(made, str) else made

    async def get_refund(self, external_id: str) -> RefundOutcome:
        """Look a refund up."""
        if self.is_down:
            return OutcomeUnknown("the gateway is down")
        return self._refund(external_id)

    async def list_refunds(
        self, *, created_from: datetime, created_to: datetime
    ) -> AsyncIterator[Sequence[RefundSnapshot]]:
        """Yield pages of refunds, newest first."""
        matching = (
            each
            for each in self.gateway.newest_refunds()
            if created_from <= each.created_at <= created_to
        )
        for page in self._pages(matching, PaymentFilter().page_size):
            yield page

    def notification(self, kind: EventKind, external_id: str) -> RawRequest:
        """Write the notification the gateway would send of an object as it stands now."""
        kept = (
            self.gateway.refund(external_id)
            if kind is EventKind.REFUND_CHANGED
            else self.gateway.payment(external_id)
        )
        assert kept is not None, f"the gateway knows no {external_id}"
        told = {"kind": kind, "id": external_id, "status": kept.status}
        body = json.dumps(told).encode()
        return RawRequest(
            method="POST",
            path=f"/api/v1/webhooks/{self._code}",
            headers={SIGNATURE_HEADER: self._signature(body)},
            body=body,
            peer_ip="127.0.0.1",
        )

    def verify_notification(self, request: RawRequest) -> VerifiedEvent:
        """Check the signature, then read."""
        given = request.headers.get(SIGNATURE_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._signature(request.body).encode()):
            raise NotificationRefused("the signature is wrong", authentic=False)
        try:
            told = json.loads(request.body)
            kind, external_id, status = EventKind(told["kind"]), str(told["id"]), told["status"]
        except (ValueError, KeyError, TypeError) as error:
            raise NotificationRefused("the notification is broken", authentic=True) from error
        return VerifiedEvent(
            provider=self._code,
            dedupe_key=f"{kind}:{external_id}:{status}",
            kind=kind,
            external_id=external_id,
            trust=self._trust,
        )

    async def aclose(self) -> None:
        """Nothing is open."""

    def _charge(
        self, key: str, request: object, act: Callable[[], str | Rejected]
    ) -> ChargeOutcome:
        made = self._sent(key, request, act)
        if not isinstance(made, str):
            return made
        payment = self.gateway.payment(made)
        assert payment is not None, "the gateway forgot what it has just made"
        return charge_outcome(payment)

    def _sent(
        self, key: str, request: object, act: Callable[[], str | Rejected]
    ) -> str | Rejected | NotSent | OutcomeUnknown:
        if self.is_down:
            return NotSent("the gateway is down")
        match self._faults.popleft() if self._faults else None:
            case Fault.NOT_CONNECTED:
                return NotSent("no connection")
            case Fault.THROTTLED:
                return NotSent("asked too often", retry_after_seconds=1.0)
            case Fault.REQUEST_LOST:
                return OutcomeUnknown("no answer")
            case Fault.ANSWER_LOST:
                self.gateway.once(key, request, act)
                return OutcomeUnknown("no answer")
            case None:
                return self.gateway.once(key, request, act)

    def _refund(self, external_id: str) -> RefundOutcome:
        refund = self.gateway.refund(external_id)
        return RefundAnswered(refund) if refund else Rejected("not_found", "no such refund")

    def _pages(self, rows: Iterable[T], size: int) -> Iterator[Sequence[T]]:
        rest = iter(rows)
        while True:
            if self.is_down:
                raise ListingFailed("the gateway is down")
            page = list(islice(rest, size))
            if not page:
                return
            yield page

    def _signature(self, body: bytes) -> str:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()


def _matches(payment: PaymentSnapshot, wanted: PaymentFilter) -> bool:
    if wanted.status is not None and payment.status is not wanted.status:
        return False
    return _within(payment.created_at, wanted.created_from, wanted.created_to) and _within(
        payment.captured_at, wanted.captured_from, wanted.captured_to
    )


def _within(instant: datetime | None, start: datetime | None, end: datetime | None) -> bool:
    if instant is None:
        return start is None and end is None
    return (start is None or start <= instant) and (end is None or instant <= end)
