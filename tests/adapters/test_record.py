"""The documented Record: its names, its zero values, and what is none."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.wire.record import Record, charge_record, read_record, read_retry
from application.carrier.bridge import WireCharge
from domain.carrier.operator import BRIDGE, Operator
from domain.shared.ids import AttemptId
from domain.shared.money import Currency, Money
from domain.shared.msisdn import Msisdn

# As it is written down; `opertor_err` is no mistake of ours.
NAMES = """
type msisdn tid result subscription_status operator_code country_code service_code campaign_id
subscription_id retry_id sent_at created_at last_pay_attempt_at attempts_count operator_name
operator_token opertor_err paid price retry_days delay_hours paid_hours trial_days pixel publisher
sms_text periodic days allowed_from allowed_to channel outflow_reason
""".split()
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
OPERATOR = Operator(
    code="mobilink",
    wire_id=41001,
    name="Mobilink",
    country_code="92",
    country_name="Pakistan",
    currency=Currency("PKR"),
    time_zone="Asia/Karachi",
    protocol=BRIDGE,
    created_at=NOW,
)

RETRY = {
    "tid": "t",
    "msisdn": "+923001234567",
    "operator_code": 41001,
    "service_code": "tips",
    "price": 250,
    "retry_days": 10,
    "delay_hours": 24,
    "created_at": "2026-03-02T10:00:00Z",
    "last_pay_attempt_at": "2026-03-02T15:00:00+05:00",
}


def charge(**changed: Any) -> WireCharge:
    given: dict[str, Any] = {
        "attempt_id": AttemptId(UUID(int=7)),
        "operator": "mobilink",
        "msisdn": Msisdn("923001234567"),
        "money": Money.of(250, "PKR"),
        "occasion": "mo",
        "tid": "t-1",
        "service_code": "tips",
        "campaign_code": None,
        "subscription_id": UUID(int=8),
        "wire_id": 12,
        "earlier_attempts": 0,
        "ordered_at": NOW,
        "last_attempt_at": None,
        "delay_hours": 24,
        "retry_days": 10,
        "periodic": True,
        "days": ("any",),
        "allowed_from": 0,
        "allowed_to": 1439,
        "pixel": None,
        "publisher": None,
        "is_wanted": True,
    }
    return WireCharge(**given | changed)


def test_the_names_are_the_documented_ones() -> None:
    assert list(Record.__struct_fields__) == NAMES


def test_zero_values_are_omitted_and_times_are_rfc_3339() -> None:
    assert msgspec.json.encode(Record(price=0, paid=False, tid="")) == b"{}"
    written = msgspec.json.decode(msgspec.json.encode(charge_record(charge(), OPERATOR, NOW)))
    assert written == {
        "msisdn": "923001234567",
        "tid": "t-1",
        "operator_code": 41001,
        "country_code": 92,
        "operator_name": "mobilink",
        "service_code": "tips",
        "subscription_id": 12,
        "sent_at": "2026-03-02T10:00:00Z",
        "created_at": "2026-03-02T10:00:00Z",
        "operator_token": str(UUID(int=7)),
        "price": 250,
        "retry_days": 10,
        "delay_hours": 24,
        "periodic": True,
        "days": '["any"]',
        "allowed_to": 1439,
    }


@pytest.mark.parametrize(
    ("occasion", "earlier", "told"),
    [("mo", 0, 0), ("periodic", 3, 3), ("retry", 2, 2), ("injection", 0, 1)],
)
def test_only_a_first_charge_counts_no_attempts(occasion: str, earlier: int, told: int) -> None:
    one = charge_record(charge(occasion=occasion, earlier_attempts=earlier), OPERATOR, NOW)
    assert one.attempts_count == told
    assert one.type == ("injection" if occasion == "injection" else "")
    assert one.retry_id == (12 if occasion == "retry" else 0)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "tid": st.text(st.characters(codec="ascii", categories=("L", "N", "P")), max_size=300),
            "price": st.integers(0, 10**15),
            "paid": st.booleans(),
            "subscription_id": st.integers(0, 2**53),
            "sent_at": st.datetimes(timezones=st.just(UTC)),
            "surprise": st.integers() | st.text() | st.lists(st.none()),
        },
    )
)
def test_what_is_read_is_written_again(fields: dict[str, Any]) -> None:
    read = msgspec.json.decode(msgspec.json.encode(fields), type=Record)
    again = msgspec.json.decode(msgspec.json.encode(read), type=Record)
    assert again == read
    assert read_record(read, OPERATOR).paid == fields.get("paid", False)


@pytest.mark.parametrize(
    "broken",
    [
        {"price": 1.5},
        {"price": -1},
        {"price": 10**15 + 1},
        {"paid": "true"},
        {"tid": "a\nb"},
        {"tid": "a\x00b"},
        {"tid": "x" * 301},
        {"service_code": "a\x00"},
        {"campaign_id": "a\n"},
        {"msisdn": "923001234567\x00"},
        {"operator_token": "two words"},
        {"operator_token": "a\n"},
        {"sent_at": "2026-03-02T10:00:00"},
        {"sent_at": "yesterday"},
        {"operator_code": "41001"},
        {"allowed_to": 1440},
        {"msisdn": 923001234567},
    ],
)
def test_what_is_no_record_is_refused_by_its_place(broken: dict[str, Any]) -> None:
    [name] = broken
    with pytest.raises(msgspec.ValidationError, match=rf"`\$\.{name}`"):
        msgspec.json.decode(msgspec.json.encode(broken), type=Record)


def test_a_time_that_is_none_is_absent() -> None:
    given = msgspec.json.decode(b'{"sent_at": "0001-01-01T00:00:00Z"}', type=Record)
    assert read_record(given, OPERATOR).said_at is None


@pytest.mark.parametrize("missing", ["tid", "msisdn", "price", "created_at", "retry_days"])
def test_a_retry_needs_what_makes_it_one(missing: str) -> None:
    whole = read_retry(msgspec.json.encode(RETRY))
    assert (whole.wire_id, whole.attempts, whole.last_pay_attempt_at) == (None, 1, NOW)
    with pytest.raises(ValueError, match=missing):
        read_retry(msgspec.json.encode({k: v for k, v in RETRY.items() if k != missing}))


@pytest.mark.parametrize("broken", [{"tid": ""}, {"tid": "\x00"}, {"service_code": "x" * 65}])
def test_a_retry_is_held_to_what_a_record_is_too(broken: dict[str, Any]) -> None:
    [name] = broken
    with pytest.raises(ValueError, match=name):
        read_retry(msgspec.json.encode({**RETRY, **broken}))


def test_a_retry_from_before_all_time_is_refused() -> None:
    retry = {"created_at": "0001-01-01T00:00:00+14:00"}
    with pytest.raises(ValueError, match="date value out of range"):
        read_retry(msgspec.json.encode({**RETRY, **retry}))
