"""Reports of operators as they are told: whose, about whom, about what."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from application.carrier.gateway import ChargeReported, NumberChanged, Paid, Report
from application.carrier.ports import Reference
from application.carrier.wire import report_from_json
from application.ports import Message
from domain.shared.facts import Cause
from domain.shared.msisdn import Msisdn
from domain.subscriptions.model import CarrierTerms, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A report with where it came from."""

    operator: str
    report: Report
    cause: Cause


def told_by(message: Message) -> Told:
    """Read a report from its message."""
    operator = message.queue.removesuffix("_responses")
    return Told(
        operator=operator,
        report=report_from_json(message.payload["report"]),
        cause=Cause(
            actor=f"operator:{operator}",
            reason="the operator reported it",
            correlation_id=message.correlation_id or UUID(int=message.id),
        ),
    )


def story_of(report: Report) -> str:
    """Name what waits for a person: a charge that was paid is one, whoever tells of it."""
    if isinstance(report, ChargeReported) and isinstance(report.outcome, Paid) and report.token:
        return f"paid:{report.token}"
    return report.event_id


def numbers_of(report: Report) -> Sequence[Msisdn]:
    """Name whom a report concerns; the one it is filed under first."""
    match report:
        case NumberChanged(before=before, after=after):
            return [before, after]
        case _:
            return [report.msisdn] if report.msisdn else []


def service_of(
    reference: Reference, operator: str, service_code: str | None, keyword: str | None
) -> str | None:
    """Name the service a report is about, by itself or by a keyword."""
    if service_code is not None:
        return service_code
    campaign = reference.campaign_by(operator, keyword) if keyword else None
    offer = reference.by_service_id.get(campaign.service_id) if campaign else None
    return offer.service.code if offer else None


def code_of(one: Subscription) -> str:
    """Return the code of the service a number is subscribed to."""
    assert isinstance(one.terms, CarrierTerms)
    return one.terms.service_code


def operator_of(one: Subscription) -> str:
    """Return whose number it is."""
    assert isinstance(one.terms, CarrierTerms)
    return one.terms.operator
