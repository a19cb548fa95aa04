"""The bodies the API takes; they are the edge's own and know nothing of the core."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct, field

Amount = Annotated[int, Meta(ge=0, le=10**15, description="whole minor units: kopecks, cents")]
PositiveAmount = Annotated[int, Meta(ge=1, le=10**15, description="whole minor units")]
# `$` alone would let a last line feed through; `(?!\n)` closes it in every dialect.
CurrencyCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)", description="ISO 4217")]
Line = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Text = Annotated[str, Meta(max_length=2000, pattern=r"^[^\x00]*$")]
Address = Annotated[str, Meta(max_length=2000, pattern=r"^https?://[^\s\x00-\x1f]+$(?!\n)")]
Code = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]


RetryDays = Annotated[list[Annotated[int, Meta(ge=0, le=60)]], Meta(max_length=30)]


class Body(Struct, kw_only=True, forbid_unknown_fields=True, frozen=True):
    """A body refuses what it does not know: a misspelt field is an error, not a silence."""


class NewCustomer(Body, frozen=True):
    """A payer."""

    external_id: Line
    email: Annotated[str, Meta(max_length=254)] | None = None
    time_zone: Line = "UTC"
    locale: Line = "en"


class NewInterval(Body, frozen=True):
    """How long one payment lasts."""

    count: Annotated[int, Meta(ge=1, le=3660)]
    unit: Annotated[str, Meta(pattern=r"^(day|month|year)$(?!\n)")]


class NewPlan(Body, frozen=True):
    """A plan; retries must lie inside the grace, and leave no more than a day of it untried."""

    name: Line
    interval: NewInterval
    description: Text = ""
    is_recurring: bool = True
    trial_days: Annotated[int, Meta(ge=0, le=366)] = 0
    retry_days: RetryDays = field(default_factory=lambda: [0, 1, 2, 3])
    grace_hours: Annotated[int, Meta(ge=0, le=1440)] = 72
    features: Annotated[list[Code], Meta(max_length=100)] = []


class NewPrice(Body, frozen=True):
    """What a plan costs from now on, or from a moment to come.

    `migrates` takes along whoever pays an earlier price: their first period that begins under
    this one is asked for at it.
    """

    amount_minor: Amount
    currency: CurrencyCode
    valid_from: datetime | None = None
    migrates: bool = False


class FeatureList(Body, frozen=True):
    """All that a plan gives."""

    features: Annotated[list[Code], Meta(max_length=100)]


class NewFeature(Body, frozen=True):
    """Something plans give."""

    name: Line
    description: Text = ""
    entities: Annotated[list[Line], Meta(max_length=1000)] = []


class NewSubscription(Body, kw_only=True, frozen=True):
    """Subscribe; `pay` says how the first period is paid.

    `invoice` issues one to be paid later, `saved` charges the saved method, and `redirect` opens
    a checkout at once that brings the payer back to `return_url`.
    """

    price_id: UUID
    provider: Code
    customer_id: UUID | None = None
    auto_renewal: bool = False
    pay: Annotated[str, Meta(pattern=r"^(invoice|saved|redirect)$(?!\n)")] = "invoice"
    method_id: UUID | None = None
    return_url: Address | None = None
    save_method: bool = True
    starts_at: datetime | None = None


class NewInvoice(Body, kw_only=True, frozen=True):
    """Something owed once; zero is fine and is paid at once."""

    customer_id: UUID
    amount_minor: Amount
    currency: CurrencyCode
    description: Line
    purpose: Annotated[str, Meta(pattern=r"^(purchase|manual)$(?!\n)")] = "purchase"
    reference: Line


class NewPayment(Body, frozen=True):
    """Pay: with a saved method in the background, at the provider's page, or in its widget.

    The page needs a `return_url`; the widget is shown on a page of yours and needs none.
    """

    provider: Code
    method_id: UUID | None = None
    return_url: Address | None = None
    widget: bool = False
    save_method: bool = False


class Decision(Body, kw_only=True, frozen=True):
    """Why a payment that waits for a person ends like this."""

    reason: Line


class NewRefund(Body, frozen=True):
    """Money back; all that is left of the payment when no amount is given."""

    reason: Line
    amount_minor: PositiveAmount | None = None


class DeadMessages(Body, frozen=True):
    """Dead messages, by id."""

    ids: Annotated[list[Annotated[int, Meta(ge=1)]], Meta(min_length=1, max_length=1000)]
    reason: Line


class Reasoned(Body, kw_only=True, frozen=True):
    """What a manager does is done for a reason, kept beside who did it."""

    reason: Line


class IssuedSubscription(Reasoned, kw_only=True, frozen=True):
    """A subscription given away: free days, and no charge at their end."""

    customer_id: UUID
    price_id: UUID
    provider: Code
    days: Annotated[int, Meta(ge=1, le=366)]


class NewPause(Reasoned, kw_only=True, frozen=True):
    """A break from now on; its days are added to the end."""

    days: Annotated[int, Meta(ge=1, le=30)] = 7


class NewEnd(Reasoned, kw_only=True, frozen=True):
    """When it is to end; taking paid time away has to be said."""

    end: datetime
    gives_up_paid_time: bool = False


class CancelOrder(Reasoned, kw_only=True, frozen=True):
    """End it now; `refund` notes that money is to go back."""

    refund: bool = False


class NewPlanChange(Reasoned, kw_only=True, frozen=True):
    """Another plan, by its price."""

    price_id: UUID


class NewPromotion(Reasoned, kw_only=True, frozen=True):
    """Free days for a list of people; each is answered apart, also one that cannot be anybody."""

    price_id: UUID
    provider: Code
    days: Annotated[int, Meta(ge=1, le=366)]
    external_ids: Annotated[
        list[Annotated[str, Meta(max_length=1000)]], Meta(min_length=1, max_length=10_000)
    ]
