"""Callbacks of the plain protocol, read into reports."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from adapters.operators.plain import wire
from adapters.operators.plain.outcomes import Unclear, reported
from adapters.operators.receipts import shown
from application.carrier.gateway import (
    CallbackRefused,
    ChargeReported,
    NumberChanged,
    OperatorReceipt,
    PurgeRequested,
    Report,
    SubscribeRequested,
    UnsubscribeRequested,
)
from domain.shared.msisdn import Msisdn


class Reader:
    """Reads one event per body; `stop_words` are the first words of a text that mean "stop"."""

    def __init__(self, stop_words: Sequence[str]) -> None:
        self._stops = frozenset(word.casefold() for word in stop_words)

    def read(self, body: bytes) -> Sequence[Report]:
        """Read an event; none of ours for a type that is not known yet, which is no mistake."""
        try:
            event = wire.read_event(body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise CallbackRefused("the callback cannot be read", authentic=True) from error
        match event.type:
            case "charge":
                return [_charge(event, body)]
            case "mo":
                return [self._text(event)]
            case "subscribe":
                return [_order(event)]
            case "unsubscribe":
                return [_stop(event)]
            case "purge":
                return [_purge(event)]
            case "number_change":
                return [_moved(event)]
            case _:
                return []

    def _text(self, event: wire.Event) -> Report:
        """Read what a subscriber wrote: a keyword orders, a stop word ends."""
        text = shown(event.text)
        words = text.split()
        if not words:
            raise CallbackRefused("a text without a word", authentic=True)
        if words[0].casefold() not in self._stops:
            return SubscribeRequested(
                event_id=event.event_id,
                msisdn=_number(event.msisdn),
                keyword=words[0][:64],
                text=text,
                said_at=_instant(event.at),
                operator_token=event.operator_token,
            )
        if words[1:2] and words[1].casefold() == "all":
            return _purge(event)
        return UnsubscribeRequested(
            event_id=event.event_id,
            msisdn=_number(event.msisdn),
            keyword=words[1][:64] if words[1:] else None,
            text=text,
        )


def _charge(event: wire.Event, body: bytes) -> ChargeReported:
    if event.charge is None:
        raise CallbackRefused("a charge event without the charge", authentic=True)
    kept = OperatorReceipt(
        token=event.charge.operator_token or event.charge.token,
        code=shown(event.charge.reason) or event.charge.status,
        raw_response=shown(body),
    )
    try:
        outcome = reported(event.charge, kept)
    except Unclear as error:
        raise CallbackRefused(str(error), authentic=True) from error
    return ChargeReported(
        event_id=event.event_id,
        outcome=outcome,
        token=event.charge.token,
        msisdn=Msisdn(event.msisdn) if event.msisdn else None,
        service_code=event.service,
        keyword=event.keyword,
    )


def _order(event: wire.Event) -> SubscribeRequested:
    if (event.service is None) == (event.keyword is None):
        raise CallbackRefused("an order names a service or a keyword", authentic=True)
    return SubscribeRequested(
        event_id=event.event_id,
        msisdn=_number(event.msisdn),
        service_code=event.service,
        keyword=event.keyword,
        text=shown(event.text),
        said_at=_instant(event.at),
        operator_token=event.operator_token,
    )


def _stop(event: wire.Event) -> UnsubscribeRequested:
    return UnsubscribeRequested(
        event_id=event.event_id,
        msisdn=_number(event.msisdn),
        service_code=event.service,
        keyword=event.keyword,
        text=shown(event.text),
    )


def _purge(event: wire.Event) -> PurgeRequested:
    why = {"reason": shown(event.reason)} if event.reason else {}
    return PurgeRequested(event_id=event.event_id, msisdn=_number(event.msisdn), **why)


def _moved(event: wire.Event) -> NumberChanged:
    return NumberChanged(
        event_id=event.event_id,
        before=_number(event.msisdn),
        after=_number(event.new_msisdn),
    )


def _number(digits: str | None) -> Msisdn:
    if digits is None:
        raise CallbackRefused("the event names no number", authentic=True)
    return Msisdn(digits)


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        if read.tzinfo is None:
            raise CallbackRefused("an instant names its offset", authentic=True)
        return read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CallbackRefused("an instant that is none", authentic=True) from error
