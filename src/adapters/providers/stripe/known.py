"""One payment at Stripe, looked up by any id it goes by, and shown under the id Kazna knows."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from msgspec.structs import replace

from adapters.providers.pages import Failure
from adapters.providers.reading import reader
from adapters.providers.stripe import wire
from adapters.providers.stripe.api import Api
from adapters.providers.stripe.requests import OF_INTENT, OF_SESSION
from adapters.providers.stripe.translate import intent_snapshot, is_of_checkout, session_snapshot
from application.payments.provider import NotSent, OutcomeUnknown, PaymentSnapshot, Rejected

ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
MISSING = "resource_missing"
_SESSION_PREFIX = "cs_"


@dataclass(frozen=True, slots=True)
class Known:
    """A payment: what Kazna sees of it, and Stripe's objects behind it.

    `intent` is None while nobody has tried to pay; `session` is None for a charge of a saved
    method and for payments that are not ours.
    """

    shown: PaymentSnapshot
    intent: wire.PaymentIntent | None
    session: wire.Session | None

    def moved(self, intent: wire.PaymentIntent) -> PaymentSnapshot:
        """Show the payment with a newer state of its PaymentIntent."""
        if self.session is None:
            return intent_snapshot(intent)
        return session_snapshot(replace(self.session, payment_intent=intent))


def by_session(session: wire.Session) -> Known:
    """Know a payment by its session."""
    intent = session.payment_intent
    shown = session_snapshot(session)
    return Known(shown, intent if isinstance(intent, wire.PaymentIntent) else None, session)


def by_intent(intent: wire.PaymentIntent) -> Known:
    """Know a payment by its PaymentIntent."""
    return Known(intent_snapshot(intent), intent, None)


@dataclass(frozen=True, slots=True)
class _Sessions:
    """The sessions of one PaymentIntent: one, or none."""

    found: list[Known]


def _sessions(page: wire.SessionPage) -> _Sessions:
    return _Sessions([by_session(session) for session in page.data])


_by_session = reader(wire.Session, by_session)
_by_intent = reader(wire.PaymentIntent, by_intent)
_by_payment = reader(wire.SessionPage, _sessions)


async def look_up(api: Api, external_id: str) -> Known | Failure:
    """Find a payment by the id of its session or of its PaymentIntent."""
    if not ID.fullmatch(external_id):
        return Rejected(MISSING, "there is no such payment")
    if external_id.startswith(_SESSION_PREFIX):
        found = await api.get(
            f"checkout/sessions/{external_id}", read=_by_session, query=expanded(OF_SESSION)
        )
        if isinstance(found, Known) and found.shown.external_id != external_id:
            return OutcomeUnknown("another session was answered")
        return found
    found = await api.get(
        f"payment_intents/{external_id}", read=_by_intent, query=expanded(OF_INTENT)
    )
    if not isinstance(found, Known) or found.intent is None:
        return found
    if found.intent.id != external_id:
        return OutcomeUnknown("another payment was answered")
    return await session_of(api, found.intent) if is_of_checkout(found.intent.metadata) else found


async def to_change(api: Api, external_id: str) -> Known | Rejected | NotSent:
    """Find a payment that is to be changed; where nobody can be asked, nothing was sent."""
    known = await look_up(api, external_id)
    if isinstance(known, OutcomeUnknown):
        return NotSent(known.why, known.retry_after_seconds)
    return known


async def session_of(api: Api, intent: wire.PaymentIntent) -> Known | Failure:
    """Find the session that a PaymentIntent belongs to; without one it stands for itself."""
    answer = await api.get(
        "checkout/sessions",
        read=_by_payment,
        query={"payment_intent": intent.id, **expanded(f"data.{each}" for each in OF_SESSION)},
    )
    if not isinstance(answer, _Sessions):
        return answer
    return answer.found[0] if answer.found else by_intent(intent)


def expanded(paths: Iterable[str]) -> dict[str, str]:
    """Ask for objects in place of their ids."""
    return {f"expand[{place}]": path for place, path in enumerate(paths)}
