"""How the carrier's messages look inside Kazna: plain JSON, read back tolerantly.

The documented Record that foreign programs exchange is translated to these at the edge.
"""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, assert_never

from application.carrier.gateway import (
    Accepted,
    Blacklisted,
    ChargeReported,
    Declined,
    Misconfigured,
    NeverHeard,
    NotSent,
    NumberChanged,
    OperatorDecline,
    OperatorReceipt,
    OutcomeUnknown,
    Paid,
    Postpaid,
    PurgeRequested,
    Report,
    SubscribeRequested,
    Unreachable,
    UnsubscribeRequested,
)
from application.carrier.ports import MissedReport, NumberOutcome, Order
from application.ports import JsonObject
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn

ORDER = "carrier.order.v1"
FIRST_CHARGE = "carrier.first_charge.v1"
CHARGE = "carrier.charge_attempt.v1"
ANSWER = "carrier.operator_answer.v1"
REPORT = "carrier.operator_report.v1"


def instant(text: str | None) -> datetime | None:
    """Read an instant."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def order_to_json(order: Order) -> JsonObject:
    """Write an order."""
    given = asdict(order)
    given["msisdn"] = order.msisdn.digits
    given["said_at"] = order.said_at.isoformat() if order.said_at else None
    given["received_at"] = order.received_at.isoformat()
    return given


def order_from_json(given: JsonObject) -> Order:
    """Read an order; raises KeyError or InvalidValue for what is none."""
    received_at = instant(given["received_at"])
    assert received_at is not None
    return Order(
        operator=given["operator"],
        event_id=given["event_id"],
        tid=given["tid"],
        msisdn=Msisdn(given["msisdn"]),
        service_code=given.get("service_code"),
        keyword=given.get("keyword"),
        campaign_code=given.get("campaign_code"),
        text=given.get("text", ""),
        source=given.get("source", ""),
        said_at=instant(given.get("said_at")),
        operator_token=given.get("operator_token"),
        pixel=given.get("pixel"),
        publisher=given.get("publisher"),
        received_at=received_at,
    )


def outcome_to_json(outcome: NumberOutcome) -> JsonObject:
    """Write what an operator said; raw bodies stay out, they go to the operator log."""
    kind = type(outcome).__name__
    match outcome:
        case Paid(receipt, money, at):
            return {
                "kind": kind,
                **_receipt(receipt),
                "amount_minor": money.amount_minor,
                "currency": money.currency.code,
                "at": at.isoformat() if at else None,
            }
        case Declined(receipt, reason, retryable):
            return {
                "kind": kind,
                **_receipt(receipt),
                "reason": reason.value,
                "retryable": retryable,
            }
        case Accepted(receipt) | Postpaid(receipt) | Blacklisted(receipt):
            return {"kind": kind, **_receipt(receipt)}
        case OutcomeUnknown(why, maybe) | Misconfigured(why, maybe):
            return {"kind": kind, "why": why, **(_receipt(maybe) if maybe else {})}
        case NotSent(why) | Unreachable(why):
            return {"kind": kind, "why": why}
        case NeverHeard() | MissedReport():
            return {"kind": kind}
        case _:
            assert_never(outcome)


def _receipt(receipt: OperatorReceipt) -> dict[str, Any]:
    return {"token": receipt.token, "code": receipt.code}


def outcome_from_json(given: JsonObject) -> NumberOutcome:
    """Read what an operator said; raises ValueError for a kind nobody knows."""
    kind = given["kind"]
    receipt = OperatorReceipt(token=given.get("token", ""), code=given.get("code", ""))
    if kind == "Paid":
        money = Money.of(given["amount_minor"], given["currency"])
        return Paid(receipt, money, instant(given.get("at")))
    if kind == "Declined":
        return Declined(receipt, OperatorDecline(given["reason"]), given["retryable"])
    plain: dict[str, NumberOutcome] = {
        "Accepted": Accepted(receipt),
        "Postpaid": Postpaid(receipt),
        "Blacklisted": Blacklisted(receipt),
        "NeverHeard": NeverHeard(),
        "MissedReport": MissedReport(),
    }
    if kind in plain:
        return plain[kind]
    why = given.get("why", "")
    spoken: dict[str, NumberOutcome] = {
        "OutcomeUnknown": OutcomeUnknown(why, receipt if receipt.token else None),
        "Misconfigured": Misconfigured(why, receipt if receipt.token else None),
        "NotSent": NotSent(why),
        "Unreachable": Unreachable(why),
    }
    if kind not in spoken:
        raise ValueError(f"there is no outcome {kind!r}")
    return spoken[kind]


def report_to_json(report: Report) -> JsonObject:
    """Write a report of an operator."""
    kind = type(report).__name__
    match report:
        case ChargeReported():
            return {
                "kind": kind,
                "event_id": report.event_id,
                "outcome": outcome_to_json(report.outcome),
                "token": report.token,
                "msisdn": report.msisdn.digits if report.msisdn else None,
                "service_code": report.service_code,
                "keyword": report.keyword,
            }
        case SubscribeRequested() | UnsubscribeRequested():
            said_at = getattr(report, "said_at", None)
            return {
                "kind": kind,
                "event_id": report.event_id,
                "msisdn": report.msisdn.digits,
                "service_code": report.service_code,
                "keyword": report.keyword,
                "text": report.text,
                "said_at": said_at.isoformat() if said_at else None,
                "operator_token": getattr(report, "operator_token", None),
            }
        case PurgeRequested(event_id=event_id, msisdn=msisdn, reason=reason):
            return {"kind": kind, "event_id": event_id, "msisdn": msisdn.digits, "reason": reason}
        case NumberChanged(event_id=event_id, before=before, after=after):
            return {
                "kind": kind,
                "event_id": event_id,
                "before": before.digits,
                "after": after.digits,
            }
        case _:
            assert_never(report)


def report_from_json(given: JsonObject) -> Report:
    """Read a report of an operator; raises ValueError for a kind nobody knows."""
    kind, event_id = given["kind"], given["event_id"]
    if kind == "ChargeReported":
        outcome = outcome_from_json(given["outcome"])
        assert isinstance(outcome, Paid | Accepted | Declined | Postpaid | Blacklisted)
        return ChargeReported(
            event_id=event_id,
            outcome=outcome,
            token=given.get("token"),
            msisdn=Msisdn(given["msisdn"]) if given.get("msisdn") else None,
            service_code=given.get("service_code"),
            keyword=given.get("keyword"),
        )
    if kind == "NumberChanged":
        return NumberChanged(
            event_id=event_id, before=Msisdn(given["before"]), after=Msisdn(given["after"])
        )
    msisdn = Msisdn(given["msisdn"])
    if kind == "PurgeRequested":
        return PurgeRequested(event_id=event_id, msisdn=msisdn, reason=given["reason"])
    if kind == "SubscribeRequested":
        return SubscribeRequested(
            event_id=event_id,
            msisdn=msisdn,
            service_code=given.get("service_code"),
            keyword=given.get("keyword"),
            text=given.get("text", ""),
            said_at=instant(given.get("said_at")),
            operator_token=given.get("operator_token"),
        )
    if kind == "UnsubscribeRequested":
        return UnsubscribeRequested(
            event_id=event_id,
            msisdn=msisdn,
            service_code=given.get("service_code"),
            keyword=given.get("keyword"),
            text=given.get("text", ""),
        )
    raise ValueError(f"there is no report {kind!r}")
