"""What operators' adapters share: addresses of callers, names of events, receipts, numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.http.peers import Networks
from adapters.http.transport import Answer
from adapters.operators.callbacks import check_peer, only_value, stable_id
from adapters.operators.numbers import Numbers
from adapters.operators.receipts import receipt, shown
from adapters.operators.transport import OperatorHttp
from application.carrier.gateway import CallbackRefused, NotSent, OutcomeUnknown, RawCallback
from domain.shared.errors import InvalidValue
from domain.shared.msisdn import Msisdn
from tests.adapters.operators.wires import NOON, settings
from tests.adapters.raw_server import answer, raw_server


def callback(peer_ip: str | None) -> RawCallback:
    return RawCallback(
        method="GET",
        path="",
        query=(),
        headers={},
        body=b"",
        peer_ip=peer_ip,
        received_at=NOON,
    )


@pytest.mark.parametrize(
    ("peer", "known"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::1", True),
        ("11.1.2.3", False),
        ("10.1.2.3, 11.1.2.3", False),
        ("unix:", False),
        (None, False),
    ],
)
def test_a_caller_is_known_by_its_network(peer: str | None, known: bool) -> None:
    networks = Networks(["10.0.0.0/8", "2001:db8::/32"])

    if known:
        check_peer(callback(peer), networks)
        return
    with pytest.raises(CallbackRefused) as refused:
        check_peer(callback(peer), networks)
    assert not refused.value.authentic


def test_no_networks_know_nobody() -> None:
    assert not Networks([]).know("127.0.0.1")


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_two_events_have_one_name_only_when_they_say_the_same(
    one: list[str], other: list[str]
) -> None:
    assert (stable_id(*one) == stable_id(*other)) is (one == other)


def test_an_event_keeps_its_name_from_one_release_to_the_next() -> None:
    assert stable_id("dn", "923001234567", 200) == "ddddf28d887727a62c08c4125c4b799b"


def test_a_field_that_is_given_twice_is_refused() -> None:
    pairs = [("msisdn", "1"), ("code", "2"), ("msisdn", "3")]

    assert only_value(pairs, "code") == "2"
    assert only_value(pairs, "text", needed=False) == ""
    for name in ("msisdn", "text"):
        with pytest.raises(CallbackRefused):
            only_value(pairs, name)


@given(st.text(max_size=50), st.binary(max_size=50))
def test_a_receipt_can_be_stored_whatever_was_said(told: str, body: bytes) -> None:
    kept = receipt("t", told, told, Answer(200, body))

    for text in (kept.code, kept.raw_request, kept.raw_response):
        assert "\x00" not in text
        text.encode("utf-8")


def test_a_receipt_is_bounded() -> None:
    assert len(shown("x" * 10**6)) == len(shown(b"x" * 10**6)) == 8_000


def test_numbers_are_national_for_the_operator_and_whole_for_us() -> None:
    numbers = Numbers(settings())

    assert numbers.national(Msisdn("923001234567")) == "3001234567"
    assert numbers.read("3001234567") == numbers.read("+92 300 1234567") == Msisdn("923001234567")
    assert numbers.serve(Msisdn("923001234567"))
    assert not numbers.serve(Msisdn("923111234567"))
    with pytest.raises(InvalidValue):
        numbers.read("300")


@pytest.mark.parametrize(("status", "kind"), [(202, Answer), (500, Answer), (503, OutcomeUnknown)])
async def test_what_a_protocol_documents_as_an_answer_is_one(status: int, kind: type) -> None:
    async with raw_server(answer(status, b"body")) as server:
        http = OperatorHttp(
            settings(base_url=f"http://127.0.0.1:{server.port}"),
            conclusive=frozenset({202, 500}),
        )
        said = await http.send("POST", "x", token="t", told="POST x", body=b"<a/>")
        await http.aclose()

    assert isinstance(said, kind)


async def test_an_unknown_outcome_keeps_what_was_said_without_showing_it() -> None:
    async with raw_server(answer(500, b"923001234567 failed")) as server:
        http = OperatorHttp(settings(base_url=f"http://127.0.0.1:{server.port}"))
        said = await http.send("GET", "x", token="t", told="GET x", query={"key": "canary-5"})
        await http.aclose()

    assert isinstance(said, OutcomeUnknown)
    assert said.receipt is not None
    assert (said.receipt.token, said.receipt.raw_response) == ("t", "923001234567 failed")
    assert "923001234567" not in repr(said)
    assert "canary-5" not in repr(said) + said.receipt.raw_request
    assert b"?key=canary-5" in server.requests[0]


async def test_nobody_at_home_means_that_nothing_was_sent() -> None:
    http = OperatorHttp(settings())

    assert isinstance(await http.send("GET", "x", token="t", told="GET x"), NotSent)
    await http.aclose()
