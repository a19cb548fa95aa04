"""The terms of subscriptions as columns: of a card, or of a number."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, assert_never

from adapters.postgres.codec import fields_of, restored
from domain.shared.ids import MethodId
from domain.shared.msisdn import Msisdn
from domain.subscriptions.charge_days import ChargeDays
from domain.subscriptions.model import CardTerms, CarrierTerms, Terms


def terms_to_row(terms: Terms) -> dict[str, Any]:
    """Write terms as the columns of a subscription; what the other kind needs stays empty."""
    match terms:
        case CardTerms():
            return {
                "retry_days": list(terms.retry_days),
                "grace_seconds": int(terms.grace.total_seconds()),
                "operator": None,
                "msisdn": None,
                "service_code": None,
                "carrier_terms": None,
            }
        case CarrierTerms():
            return {
                "retry_days": [],
                "grace_seconds": 0,
                "operator": terms.operator,
                "msisdn": terms.msisdn.digits,
                "service_code": terms.service_code,
                "carrier_terms": {
                    "time_zone": terms.time_zone,
                    "calendar": fields_of(terms.calendar),
                    "delay_hours": terms.delay_hours,
                    "retry_for_days": terms.retry_for_days,
                    "managed": terms.managed,
                },
            }
        case _:
            assert_never(terms)


def terms_from_row(row: Mapping[str, Any]) -> Terms:
    """Read terms back."""
    if row["operator"] is None:
        return CardTerms(
            provider=row["provider"],
            method_id=MethodId(row["method_id"]) if row["method_id"] else None,
            retry_days=tuple(row["retry_days"]),
            grace=timedelta(seconds=row["grace_seconds"]),
        )
    kept = row["carrier_terms"]
    return CarrierTerms(
        operator=row["operator"],
        msisdn=Msisdn(row["msisdn"]),
        service_code=row["service_code"],
        time_zone=kept["time_zone"],
        calendar=restored(ChargeDays, kept["calendar"]),
        delay_hours=kept["delay_hours"],
        retry_for_days=kept["retry_for_days"],
        managed=kept["managed"],
    )
