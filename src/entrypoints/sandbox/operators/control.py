"""The control API of an emulated operator: what may be done behind its back."""

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post, put
from litestar.exceptions import NotFoundException, ValidationException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from entrypoints.sandbox.conditions import condition_routes
from entrypoints.sandbox.configured import patched
from entrypoints.sandbox.faults import Rule
from entrypoints.sandbox.guard import control_guard
from entrypoints.sandbox.operators import books, charging, letters, scripts
from entrypoints.sandbox.operators.behaviour import Standing
from entrypoints.sandbox.operators.dialect import CannotTell, Charge, Outcome, Said
from entrypoints.sandbox.operators.network import Network
from entrypoints.sandbox.operators.scripts import Scripted

_FALSIFYING = ("wrong_amount", "wrong_currency", "flipped_test")
_PAGE = 1000


class Subscriber(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a number is; a balance of None never runs out."""

    standing: Standing = "prepaid"
    balance_minor: Annotated[int, msgspec.Meta(ge=0)] | None = None


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The next answers to a number; `operation` is what they answer."""

    msisdn: str
    answers: list[Scripted]
    operation: str = "charge"


class Delivery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something a subscriber does; `id` is the network's for it, the same for a repeat."""

    msisdn: str
    kind: Literal["mo", "subscribe", "unsubscribe", "purge", "number_change"] = "mo"
    id: str | None = None
    text: str = ""
    keyword: str = ""
    service: str = ""
    new_msisdn: str = ""
    times: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1


class OwnCharge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A charge the operator makes by its own timetable, and reports."""

    msisdn: str
    amount_minor: Annotated[int, msgspec.Meta(ge=1)]
    service: str = ""
    keyword: str = ""
    token: str | None = None


class Settled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a charge that is open ends."""

    verdict: Standing = "prepaid"


class Repeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Report a charge again, so many times."""

    times: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    interim: bool = False


def control_router(network: Network, token: str) -> Router:
    """Return the control routes; each needs the header `X-Sandbox-Control: <token>`."""
    return Router(
        f"{network.account.prefix}/control",
        guards=[control_guard(token)],
        include_in_schema=False,
        route_handlers=[*_conditions(network), *_subscribers(network), *_books(network)],
    )


def _conditions(network: Network) -> list[HTTPRouteHandler]:
    return condition_routes(
        faults=network.faults,
        bag=network,
        now_ms=network.clock.now_ms,
        behaviour=lambda: network.behaviour,
        change=lambda data: network.behave(patched(network.behaviour, data)),
        forget=lambda keep_config: network.forget(keep_config=keep_config),
        check=_refuse_falsifying,
    )


def _refuse_falsifying(rules: Sequence[Rule]) -> None:
    if any(rule.kind in _FALSIFYING for rule in rules):
        raise ValidationException("operators' answers are not falsified; script a code instead")


def _subscribers(network: Network) -> list[HTTPRouteHandler]:
    whole = network.account.whole

    @put("/subscribers/{msisdn:str}", sync_to_thread=False)
    def set_subscriber(msisdn: FromPath[str], data: JSONBody[Subscriber]) -> Subscriber:
        charging.set_subscriber(network, whole(msisdn), data.standing, data.balance_minor)
        return data

    @get("/subscribers/{msisdn:str}", sync_to_thread=False)
    def show_subscriber(msisdn: FromPath[str]) -> Subscriber:
        return Subscriber(*charging.standing_of(network, whole(msisdn)))

    @post("/script", sync_to_thread=False)
    def script(data: JSONBody[Script]) -> dict[str, int]:
        with network.store.transaction():
            scripts.add(network, whole(data.msisdn), data.operation, data.answers)
        return {"scripted": len(data.answers)}

    @delete("/script", sync_to_thread=False)
    def clear_script() -> None:
        network.store.run("DELETE FROM script")

    @post("/mo", status_code=202, sync_to_thread=False)
    def deliver(data: JSONBody[Delivery]) -> dict[str, str]:
        said = Said(
            kind=data.kind,
            id=data.id or f"{network.account.code}-{network.store.next_number()}",
            msisdn=whole(data.msisdn),
            text=data.text,
            keyword=data.keyword,
            service=data.service,
            new_msisdn=whole(data.new_msisdn) if data.new_msisdn else "",
            at_ms=network.clock.now_ms(),
        )
        _tell(network, said, data.times)
        return {"id": said.id}

    @post("/bill", status_code=200, sync_to_thread=False)
    def bill(data: JSONBody[OwnCharge]) -> dict[str, str]:
        token = data.token or f"{network.account.code}-{network.store.next_number()}"
        order = charging.Order(
            token=token,
            msisdn=whole(data.msisdn),
            amount_minor=data.amount_minor,
            currency=network.account.currency,
            service=data.service,
            keyword=data.keyword,
        )
        scripted = scripts.take(network, order.msisdn, "charge")
        with network.store.transaction():
            made = charging.charge(network, order, scripted, reports=True)
        return {"token": token, "verdict": made.verdict}

    @post("/charges/{token:str}/settle", status_code=200, sync_to_thread=False)
    def settle(token: FromPath[str], data: JSONBody[Settled]) -> dict[str, str]:
        made = _found(network, token)
        if made.verdict != "pending":
            raise ValidationException(f"this charge is {made.verdict} already")
        with network.store.transaction():
            return {"verdict": charging.settle(network, made, data.verdict).verdict}

    @post("/charges/{token:str}/report", status_code=202, sync_to_thread=False)
    def report(token: FromPath[str], data: JSONBody[Repeat]) -> dict[str, int]:
        made = _found(network, token)
        _tell(network, Outcome(charge=made, is_interim=data.interim), data.times)
        return {"queued": data.times}

    return [set_subscriber, show_subscriber, script, clear_script, deliver, bill, settle, report]


def _books(network: Network) -> list[HTTPRouteHandler]:
    @get("/billing", sync_to_thread=False)
    def billing(
        cursor: FromQuery[int] = 0,
        limit: FromQuery[int] = _PAGE,
        msisdn: FromQuery[str | None] = None,
        token: FromQuery[str | None] = None,
    ) -> books.Page:
        return books.page(network, "billing", cursor, limit, msisdn=msisdn, token=token)

    @get("/billing/totals", sync_to_thread=False)
    def totals() -> list[books.Total]:
        return books.totals(network)

    @get("/charges", sync_to_thread=False)
    def charges(
        cursor: FromQuery[int] = 0,
        limit: FromQuery[int] = _PAGE,
        msisdn: FromQuery[str | None] = None,
        token: FromQuery[str | None] = None,
    ) -> books.Page:
        return books.page(network, "charges", cursor, limit, msisdn=msisdn, token=token)

    @get("/sms", sync_to_thread=False)
    def sms(
        cursor: FromQuery[int] = 0,
        limit: FromQuery[int] = _PAGE,
        msisdn: FromQuery[str | None] = None,
    ) -> books.Page:
        return books.page(network, "sms", cursor, limit, msisdn=msisdn)

    @get("/kept", sync_to_thread=False)
    def kept(
        cursor: FromQuery[int] = 0,
        limit: FromQuery[int] = _PAGE,
        kind: FromQuery[str | None] = None,
    ) -> books.Page:
        return books.page(network, "kept", cursor, limit, kind=kind)

    @get("/stats", sync_to_thread=False)
    def stats() -> books.Stats:
        return books.stats(network)

    return [billing, totals, charges, sms, kept, stats]


def _found(network: Network, token: str) -> Charge:
    made = charging.find(network, token)
    if made is None:
        raise NotFoundException("no charge was asked for under this token")
    return made


def _tell(network: Network, told: Outcome | Said, times: int) -> None:
    try:
        with network.store.transaction():
            letters.tell_surely(network, told, times=times)
    except CannotTell as error:
        raise ValidationException(str(error)) from error
