"""The port of card providers: what Kazna asks of a gateway, and everything it may answer.

A new provider is one class with these methods, found by the entry point group `kazna.providers`,
and one line in the parameters of the contract suite (`tests/contract/test_payment_provider.py`).
Outcomes are values, not exceptions: declining and not knowing are answers. An exception that
leaves an adapter is treated as `OutcomeUnknown`, because money may have moved.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from application.ports import JsonObject
from domain.payments.declines import Decline
from domain.shared.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do; use cases ask before they rely on it."""

    redirect: bool = False
    widget: bool = False
    saved_methods: bool = False
    two_stage: bool = False
    partial_capture: bool = False
    partial_refund: bool = False
    list_by_captured: bool = False
    webhook_signed: bool = False
    receipts: bool = False
    idempotency_ttl: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """The payer as the provider may know them; everything but the id is optional."""

    id: str
    email: str | None = None
    phone: str | None = None
    ip: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptItem:
    """One line of a fiscal receipt (54-FZ)."""

    description: str
    quantity: int
    price: Money
    vat_code: int
    payment_subject: str = "service"
    payment_mode: str = "full_payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutRequest:
    """A first payment with the customer present.

    `reference` is our attempt id and unique per attempt; `idempotency_key` is the same for every
    repeat of this attempt and never used for another. Without a `return_url` the payer pays in the
    provider's widget, where it has one.
    """

    reference: str
    idempotency_key: str
    money: Money
    description: str
    return_url: str | None
    customer: Customer
    save_method: bool
    capture: bool = True
    metadata: Mapping[str, str] = field(default_factory=dict)
    receipt: Sequence[ReceiptItem] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedChargeRequest:
    """A payment with a saved method, nobody present."""

    reference: str
    idempotency_key: str
    money: Money
    description: str
    customer: Customer
    external_method_id: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    receipt: Sequence[ReceiptItem] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Money back for a captured payment; a receipt is sent to the customer, so it needs one."""

    reference: str
    idempotency_key: str
    external_payment_id: str
    money: Money
    reason: str
    customer: Customer | None = None
    receipt: Sequence[ReceiptItem] = ()


class PaymentStatus(StrEnum):
    """Where a payment stands at the provider."""

    PENDING = "pending"
    AUTHORIZED = "authorized"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"
    UNRECOGNIZED = "unrecognized"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedMethod:
    """A payment method as the provider keeps it; `saved` means it can be charged again."""

    external_id: str
    saved: bool
    type: str
    title: str
    last4: str | None = None
    first6: str | None = None
    expires_month: int | None = None
    expires_year: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentSnapshot:
    """A payment as the provider tells it; `raw` is its answer without secrets or card numbers."""

    provider: str
    external_id: str
    status: PaymentStatus
    money: Money
    captured: Money
    refunded: Money
    created_at: datetime
    captured_at: datetime | None = None
    expires_at: datetime | None = None
    method: SavedMethod | None = None
    reference: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    decline: Decline | None = None
    confirmation_url: str | None = None
    widget_token: str | None = None
    test: bool = False
    raw: JsonObject = field(default_factory=dict)


class RefundStatus(StrEnum):
    """Where a refund stands at the provider."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"
    UNRECOGNIZED = "unrecognized"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSnapshot:
    """A refund as the provider tells it."""

    provider: str
    external_id: str
    external_payment_id: str
    status: RefundStatus
    money: Money
    created_at: datetime
    decline: Decline | None = None
    raw: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The money was taken."""

    snapshot: PaymentSnapshot


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider works on it or waits for the payer.

    `snapshot.confirmation_url` is where to send them, or `widget_token` opens the provider's
    widget on the shop's own page.
    """

    snapshot: PaymentSnapshot


@dataclass(frozen=True, slots=True)
class Authorized:
    """The money is held and waits for a capture."""

    snapshot: PaymentSnapshot


@dataclass(frozen=True, slots=True)
class Declined:
    """The charge was refused by the bank, the network, the payer or the provider's rules."""

    decline: Decline
    snapshot: PaymentSnapshot | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The request itself was refused and nothing was executed: our mistake, or access denied."""

    code: str
    description: str
    parameter: str | None = None
    access_denied: bool = False
    key_conflict: bool = False


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not executed: no byte left, or the provider said "too many"; same key, later."""

    why: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The request may have been executed; only the same key or a look-up may follow."""

    why: str
    retry_after_seconds: float | None = None


ChargeOutcome = Succeeded | Accepted | Authorized | Declined | Rejected | NotSent | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Found:
    """The provider knows the payment."""

    snapshot: PaymentSnapshot


@dataclass(frozen=True, slots=True)
class Missing:
    """The provider answered that it knows no such payment."""


@dataclass(frozen=True, slots=True)
class Unreachable:
    """The provider could not be asked; nothing is known."""

    why: str
    retry_after_seconds: float | None = None


LookUp = Found | Missing | Unreachable


@dataclass(frozen=True, slots=True)
class RefundAnswered:
    """The provider took the refund; its status tells how far it is."""

    snapshot: RefundSnapshot


RefundOutcome = RefundAnswered | Rejected | NotSent | OutcomeUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which payments to list; bounds are inclusive, instants are UTC."""

    status: PaymentStatus | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    captured_from: datetime | None = None
    captured_to: datetime | None = None
    page_size: int = 100


@dataclass(frozen=True, slots=True)
class RawRequest:
    """An incoming notification as it came: nothing parsed, nothing trusted."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    peer_ip: str | None


class EventKind(StrEnum):
    """What a notification speaks of."""

    PAYMENT_CHANGED = "payment_changed"
    REFUND_CHANGED = "refund_changed"
    IGNORED = "ignored"


class Trust(StrEnum):
    """How far a notification may be believed: a hint must be fetched again."""

    AUTHENTIC = "authentic"
    HINT = "hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedEvent:
    """A notification that came from the provider and could be read."""

    provider: str
    dedupe_key: str
    kind: EventKind
    external_id: str
    trust: Trust


class NotificationRefused(Exception):
    """The notification did not come from the provider, or cannot be read; nothing was done.

    `authentic` is false where the sender is in doubt (answered 403) and true where only the
    content is broken (answered 400).
    """

    def __init__(self, why: str, *, authentic: bool) -> None:
        super().__init__(why)
        self.authentic = authentic


class ListingFailed(Exception):
    """A page of a listing could not be read; the watermark must not move past it."""


class PaymentProvider(Protocol):
    """A card provider. Every call states its own time limit and never logs secrets."""

    @property
    def code(self) -> str:
        """The provider's stable name: `yookassa`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        ...

    async def start_checkout(self, request: CheckoutRequest) -> ChargeOutcome:
        """Open a payment for a present payer; Accepted carries the address to send them to."""
        ...

    async def charge_saved(self, request: SavedChargeRequest) -> ChargeOutcome:
        """Charge a saved method; a bank that wants the payer present is Declined/authentication."""
        ...

    async def get_payment(self, external_id: str) -> LookUp:
        """Ask how a payment stands."""
        ...

    async def find_by_reference(
        self, reference: str, *, created_from: datetime, created_to: datetime
    ) -> LookUp:
        """Look for the payment of one of our attempts whose external id we never learned.

        Missing only when the whole window was read to its last page.
        """
        ...

    def list_payments(self, wanted: PaymentFilter) -> AsyncIterator[Sequence[PaymentSnapshot]]:
        """Yield pages, newest first, to the last one; raise ListingFailed when a page is lost."""
        ...

    async def capture(
        self, external_id: str, *, idempotency_key: str, money: Money | None = None
    ) -> ChargeOutcome:
        """Take money that was authorized, all of it or a part."""
        ...

    async def cancel(self, external_id: str, *, idempotency_key: str) -> ChargeOutcome:
        """Let an authorization go; Declined/merchant_canceled is success here."""
        ...

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Give money back."""
        ...

    async def get_refund(self, external_id: str) -> RefundOutcome:
        """Ask how a refund stands; Rejected with code `not_found` when it is not known."""
        ...

    def list_refunds(
        self, *, created_from: datetime, created_to: datetime
    ) -> AsyncIterator[Sequence[RefundSnapshot]]:
        """Yield pages of refunds, newest first; raise ListingFailed when a page is lost."""
        ...

    def verify_notification(self, request: RawRequest) -> VerifiedEvent:
        """Check the sender, then parse; raise NotificationRefused."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
