"""Refunds: given, asked about, and listed under the id Kazna knows their payment by."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime

from adapters.providers.reading import reader, refused
from adapters.providers.stripe import requests, wire
from adapters.providers.stripe.api import Api, Done
from adapters.providers.stripe.known import ID, MISSING, Known, expanded, session_of
from adapters.providers.stripe.listing import window
from adapters.providers.stripe.translate import PAYMENT_KEY, is_of_checkout, refund_snapshot
from application.payments.provider import (
    Declined,
    ListingFailed,
    OutcomeUnknown,
    RefundAnswered,
    RefundOutcome,
    RefundRequest,
    RefundSnapshot,
    Rejected,
)
from domain.shared.errors import InvalidValue


def _one(refund: wire.Refund) -> wire.Refund:
    return refund


def _page(page: wire.RefundPage) -> wire.RefundPage:
    return page


_refund = reader(wire.Refund, _one)
_refunds = reader(wire.RefundPage, _page)


async def give(api: Api, request: RefundRequest, known: Known) -> RefundOutcome:
    """Give money back; Stripe would count it in the payment's own currency, whatever ours."""
    if known.intent is None:
        return refused("nobody has paid it", "payment_intent")
    if request.money.currency != known.shown.money.currency:
        return refused("the payment was made in another currency", "currency")
    try:
        fields = requests.refund(request, known.intent.id)
    except InvalidValue as error:
        return refused(str(error), "amount")
    match await api.post("refunds", fields, key=request.idempotency_key, read=_refund):
        case Done(shown, is_replayed) if is_replayed:
            return await show(api, shown.id)
        case Done(shown):
            return _answered(shown, request.external_payment_id)
        case Declined(decline):
            return Rejected(decline.raw_code, "the refund was declined")
        case failure:
            return failure


async def show(api: Api, external_id: str) -> RefundOutcome:
    """Ask how a refund stands; Rejected with code `not_found` when it is not known."""
    unknown = Rejected("not_found", "there is no such refund")
    if not ID.fullmatch(external_id):
        return unknown
    answer = await api.get(
        f"refunds/{external_id}", read=_refund, query=expanded(["payment_intent"])
    )
    if isinstance(answer, Rejected) and answer.code == MISSING:
        return unknown
    if not isinstance(answer, wire.Refund):
        return answer
    if answer.id != external_id:
        return OutcomeUnknown("another refund was answered")
    try:
        return _answered(answer, await _payment_of(api, answer, {}))
    except ListingFailed as error:
        return OutcomeUnknown(str(error))


async def listed(
    api: Api, created_from: datetime, created_to: datetime
) -> AsyncGenerator[Sequence[RefundSnapshot], None]:
    """Yield pages of refunds, newest first; raise ListingFailed."""
    query = {**window(created_from, created_to), **expanded(["data.payment_intent"])}
    names: dict[str, str] = {}
    async with aclosing(api.pages("refunds", query, read=_refunds)) as pages:
        async for page in pages:
            shown = []
            for refund in page:
                try:
                    shown.append(refund_snapshot(refund, await _payment_of(api, refund, names)))
                except InvalidValue as error:
                    raise ListingFailed(f"refund {refund.id} cannot be read: {error}") from error
            yield shown


async def _payment_of(api: Api, refund: wire.Refund, names: dict[str, str]) -> str:
    """Tell under which id the payment of a refund is known; raise ListingFailed.

    Refunds of ours say so themselves; of one made by hand at Stripe the session is looked up.
    """
    if isinstance(known := (refund.metadata or {}).get(PAYMENT_KEY), str):
        return known
    intent = refund.payment_intent
    if not isinstance(intent, wire.PaymentIntent):
        return intent or refund.charge or refund.id
    if not is_of_checkout(intent.metadata):
        return intent.id
    if intent.id not in names:
        session = await session_of(api, intent)
        if not isinstance(session, Known):
            raise ListingFailed(f"the session of {intent.id} could not be read")
        names[intent.id] = session.shown.external_id
    return names[intent.id]


def _answered(refund: wire.Refund, external_payment_id: str) -> RefundOutcome:
    try:
        return RefundAnswered(refund_snapshot(refund, external_payment_id))
    except InvalidValue as error:
        return OutcomeUnknown(f"the refund cannot be read: {error}")
