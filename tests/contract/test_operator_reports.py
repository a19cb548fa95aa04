"""What every operator's adapter promises of callbacks, secrets and options."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from application.carrier.gateway import (
    Accepted,
    CallbackRefused,
    ChargeMode,
    NumberChanged,
    Paid,
    PurgeRequested,
    RawCallback,
    SubscribeRequested,
    UnsubscribeRequested,
)
from tests.contract.operator_gateway import NOON, Mishap, Operator, operator
from tests.contract.operators import PROTOCOLS
from tests.contract.test_operator_gateway import NOBODY_LISTENS, every, text_to, which

FORGERIES = [(name, forgery) for name, spoken in PROTOCOLS.items() for forgery in spoken.forgeries]
reporting = which(lambda spoken: spoken.mode is not ChargeMode.SYNC)
charge_reporting = which(lambda spoken: spoken.mode is ChargeMode.ASYNC)


@pytest.fixture
async def one(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Operator]:
    async with operator(PROTOCOLS[request.param], tmp_path) as opened:
        yield opened


async def genuine(one: Operator) -> RawCallback:
    """Return a callback that the operator really made."""
    if one.spoken.tells:
        await one.does("mo", order(one))
        return await one.called()
    request = one.request()
    await one.gateway.charge(request)
    return await one.called()


def order(one: Operator, **more: Any) -> dict[str, Any]:
    kind = "mo" if "mo" in one.spoken.tells else "subscribe"
    return {"kind": kind, "msisdn": one.number().digits, "text": "GO", "keyword": "GO", **more}


@charge_reporting
async def test_a_report_that_comes_twice_is_the_same_event(one: Operator) -> None:
    request = one.request()
    await one.will(request.msisdn, {"report": "twice"})
    await one.gateway.charge(request)
    await one.does(f"charges/{request.token}/report", {"times": 1})

    reports = [await one.reported() for _ in range(3)]

    assert len({report.event_id for report in reports}) == 1
    assert all(isinstance(report.outcome, Paid) for report in reports)
    assert await one.billed(request) == 1


@charge_reporting
async def test_reports_of_two_charges_are_two_events(one: Operator) -> None:
    msisdn = one.number()
    for _ in range(2):
        await one.gateway.charge(one.request(msisdn))

    first, second = await one.reported(), await one.reported()

    assert first.event_id != second.event_id
    assert first.token != second.token


@which(lambda spoken: spoken.interim)
async def test_an_interim_report_says_nothing_final(one: Operator) -> None:
    request = one.request()
    await one.will(request.msisdn, {"interim": True})
    await one.gateway.charge(request)

    reports = [await one.reported(), await one.reported()]

    kinds = {type(report.outcome): report.event_id for report in reports}
    assert set(kinds) == {Accepted, Paid}
    assert kinds[Accepted] != kinds[Paid]


@charge_reporting
async def test_a_late_report_ends_a_charge_whose_answer_never_came(one: Operator) -> None:
    request = one.request()
    fault = {"fault": "drop_after_commit", "after_seconds": 86_400}
    await one.will(request.msisdn, fault)
    await one.gateway.charge(request)

    one.clock.advance(timedelta(days=1))
    report = await one.reported()

    assert isinstance(report.outcome, Paid)
    assert report.outcome.money == request.money
    # Whatever it names us by, it is enough to find the charge.
    assert report.token == request.token or report.msisdn == request.msisdn


@which(lambda spoken: bool({"mo", "subscribe"} & spoken.tells))
async def test_an_order_names_who_wants_what_and_when_it_was_said(one: Operator) -> None:
    told = order(one)
    await one.does("mo", told)

    report = await one.told()

    assert isinstance(report, SubscribeRequested)
    assert report.msisdn.digits == told["msisdn"]
    assert (report.keyword or report.service_code or "").casefold() == "go"
    assert report.event_id


@which(lambda spoken: bool({"mo", "subscribe"} & spoken.tells))
async def test_an_order_that_comes_twice_is_the_same_event(one: Operator) -> None:
    told = order(one, id="71043", times=2)
    await one.does("mo", told)
    await one.does("mo", {**told, "id": "71044", "times": 1})

    events = [(await one.told()).event_id for _ in range(3)]

    assert len(set(events)) == 2


@which(lambda spoken: "mo" in spoken.tells)
async def test_a_text_that_begins_with_a_stop_word_ends_a_subscription(one: Operator) -> None:
    told = order(one, text="sToP go")
    await one.does("mo", told)

    report = await one.told()

    assert isinstance(report, UnsubscribeRequested)
    assert report.msisdn.digits == told["msisdn"]


@which(lambda spoken: "unsubscribe" in spoken.tells)
async def test_a_stop_names_the_number(one: Operator) -> None:
    told = order(one, kind="unsubscribe", text="")
    await one.does("mo", told)

    report = await one.told()

    assert isinstance(report, UnsubscribeRequested)
    assert report.msisdn.digits == told["msisdn"]


@which(lambda spoken: "purge" in spoken.tells)
async def test_a_purge_ends_everything_of_a_number(one: Operator) -> None:
    told = order(one, kind="purge")
    await one.does("mo", told)

    report = await one.told()

    assert isinstance(report, PurgeRequested)
    assert report.msisdn.digits == told["msisdn"]


@which(lambda spoken: "number_change" in spoken.tells)
async def test_a_new_number_is_told_with_the_old_one(one: Operator) -> None:
    after = one.number()
    told = order(one, kind="number_change", new_msisdn=after.digits)
    await one.does("mo", told)

    report = await one.told()

    assert isinstance(report, NumberChanged)
    assert (report.before.digits, report.after) == (told["msisdn"], after)


@pytest.mark.parametrize(("one", "forgery"), FORGERIES, indirect=["one"])
async def test_a_forged_callback_is_refused(one: Operator, forgery: str) -> None:
    forged = one.spoken.forgeries[forgery](await genuine(one))

    with pytest.raises(CallbackRefused) as refused:
        one.gateway.read(forged)

    assert not refused.value.authentic


@which(lambda spoken: bool(spoken.forgeries))
async def test_a_genuine_callback_is_taken_and_answered(one: Operator) -> None:
    callback = await genuine(one)

    assert len(one.gateway.read(callback)) == 1
    assert one.gateway.reply(callback).status == 200


@which(lambda spoken: spoken.broken is not None)
async def test_a_genuine_callback_that_cannot_be_read_is_told_apart(one: Operator) -> None:
    assert one.spoken.broken is not None
    broken = one.spoken.broken(await genuine(one))

    with pytest.raises(CallbackRefused) as refused:
        one.gateway.read(broken)

    assert refused.value.authentic


@which(lambda spoken: spoken.mode is ChargeMode.SYNC and not spoken.tells)
async def test_a_protocol_without_callbacks_takes_none(one: Operator) -> None:
    stranger = RawCallback(
        method="POST",
        path="",
        query=(),
        headers={},
        body=b"{}",
        peer_ip="127.0.0.1",
        received_at=NOON,
    )

    with pytest.raises(CallbackRefused) as refused:
        one.gateway.read(stranger)

    assert not refused.value.authentic


@every
async def test_neither_secrets_nor_whole_numbers_show_themselves(
    one: Operator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await one.configure(notifications={"lost_percent": 100})
    shown = [repr(one.gateway), str(one.gateway), repr(one.settings)]
    numbers = []
    for mishap in (None, *Mishap):
        request = one.request()
        numbers.append(request.msisdn)
        if mishap is not None:
            await one.suffers(request.msisdn, mishap)
        # What fails in the worst way, outside every verdict, must not tell more either.
        for gateway in (one.gateway, one.built(base_url=NOBODY_LISTENS)):
            shown += [
                f"{said!r} {said}"
                for said in (
                    await gateway.charge(request),
                    await gateway.query(request.token, request.msisdn),
                    await gateway.send_sms(text_to(request.msisdn, "a text")),
                )
            ]
        shown.append(repr(request))

    # The emulator's own notifications leave through this logger; adapters work beneath it.
    said_in_logs = [x.getMessage() for x in caplog.records if x.name != "httpx"]
    everything = "\n".join([*shown, *said_in_logs])
    for secret in one.spoken.canaries.values():
        assert secret not in everything
    for msisdn in numbers:
        assert msisdn.digits.removeprefix(one.spoken.country_code) not in everything


@every
async def test_receipts_hold_no_credentials(one: Operator) -> None:
    request = one.request()
    outcome = await one.gateway.charge(request)
    texted = await one.gateway.send_sms(text_to(request.msisdn))

    kept = [getattr(said, "receipt", None) for said in (outcome, texted)]

    assert any(kept)
    for receipt in filter(None, kept):
        for secret in one.spoken.canaries.values():
            assert secret not in receipt.raw_request + receipt.raw_response


@every
async def test_options_that_cannot_work_are_refused_in_one_sentence(one: Operator) -> None:
    settings = one.settings
    wrong: list[dict[str, Any]] = [
        {"options": {**settings.options, "no_such_option": 1}},
        {"base_url": ""},
        {"base_url": "ftp://operator.example"},
        {"base_url": "http://operator.example/air"},
        {"country_code": "x"},
        {"currency": "RUPEES"},
        {"timeout_seconds": 0},
        *(
            {"secrets": {k: v for k, v in settings.secrets.items() if k != name}}
            for name in one.spoken.needed_secrets
        ),
        *({"secrets": {**settings.secrets, name: "line\nbreak"}} for name in one.spoken.secrets),
    ]

    for changes in wrong:
        with pytest.raises(ValueError, match=r"^[^\n]{10,300}$") as refused:
            one.built(**changes)
        assert not any(secret in str(refused.value) for secret in settings.secrets.values())


@every
async def test_an_encrypted_address_is_as_good(one: Operator) -> None:
    gateway = one.built(base_url="https://operator.example/air")

    assert gateway.code == one.gateway.code
    await gateway.aclose()


@reporting
async def test_a_charge_the_operator_made_by_itself_names_its_number(one: Operator) -> None:
    request = one.request()
    bill = {"amount_minor": request.money.amount_minor, "service": one.spoken.service}
    await one.does("bill", {"msisdn": request.msisdn.digits, **bill})

    report = await one.reported()

    assert isinstance(report.outcome, Paid)
    assert report.outcome.money == request.money
    assert report.msisdn == request.msisdn
    assert await one.billed(request) == 1
