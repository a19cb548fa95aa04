"""The plain protocol as an operator speaks it: keys kept for ever, signed callbacks."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Literal

import msgspec
from litestar import HttpMethod, Router
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.moments import iso
from entrypoints.sandbox.operators import books, charging
from entrypoints.sandbox.operators.charging import Order
from entrypoints.sandbox.operators.dialect import Charge, Dialect, Draft, Outcome, Said, Told
from entrypoints.sandbox.operators.network import Network
from entrypoints.sandbox.operators.scripts import Scripted
from entrypoints.sandbox.operators.serving import Http, serve

_STATUSES: Final = {"billed": "paid", "postpaid": "postpaid", "blacklisted": "blacklisted"}


class _NewCharge(msgspec.Struct, frozen=True, kw_only=True):
    token: str
    msisdn: str
    amount_minor: int
    currency: str
    service: str
    keyword: str = ""
    reply: Literal["now", "later"]


class _NewText(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    msisdn: str
    text: str


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class PlainDialect(Dialect):
    """The routes and callbacks of one operator."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def routes(self) -> Sequence[Router | HTTPRouteHandler]:
        base = f"{self._network.account.prefix}/v1"
        charges = HTTPRouteHandler(f"{base}/charges", http_method=HttpMethod.POST, status_code=200)
        one = HTTPRouteHandler(f"{base}/charges/{{token:str}}", http_method=HttpMethod.GET)
        sms = HTTPRouteHandler(f"{base}/sms", http_method=HttpMethod.POST, status_code=200)
        return [charges(self._door(_charges)), one(self._door(_one)), sms(self._door(_sms))]

    def compose(self, told: Told) -> Draft:
        event = _charge_event(told) if isinstance(told, Outcome) else _said_event(told)
        body = msgspec.json.encode(event)
        return Draft("POST", self._network.account.callback_url, "application/json", body)

    def sign(self, draft: Draft, now_ms: int) -> Mapping[str, str]:
        timestamp = str(now_ms // 1000)
        secret = self._network.account.secrets["callback_secret"].encode()
        signed = hmac.new(secret, timestamp.encode() + b"." + draft.body, sha256)
        return {"X-Timestamp": timestamp, "X-Signature": f"v1={signed.hexdigest()}"}

    def _door(self, served: Any) -> Any:
        async def handle(request: Http) -> ASGIResponse:
            try:
                self._check(request)
                answer: ASGIResponse = await served(self._network, request)
            except _Refused as refused:
                return _refusal(refused.status, refused.code, str(refused))
            return answer

        return handle

    def _check(self, request: Http) -> None:
        wanted = f"Bearer {self._network.account.secrets['api_key']}"
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), wanted.encode()):
            raise _Refused(401, "unauthorized", "who is it?")


def speak(network: Network) -> PlainDialect:
    """Return the dialect of a network."""
    return PlainDialect(network)


async def _charges(network: Network, request: Http) -> ASGIResponse:
    asked = _read(await request.body(), _NewCharge)
    if request.headers.get("idempotency-key") != asked.token:
        raise _Refused(400, "invalid_request", "the key is the token")
    account = network.account
    if not asked.msisdn.startswith(account.country_code):
        raise _Refused(422, "not_ours", "the number is another operator's")
    if asked.currency != account.currency or asked.amount_minor <= 0:
        raise _Refused(422, "invalid_amount", "this cannot be charged")
    order = Order(
        token=asked.token,
        msisdn=asked.msisdn,
        amount_minor=asked.amount_minor,
        currency=asked.currency,
        service=asked.service,
        keyword=asked.keyword,
    )

    def work(scripted: Scripted) -> ASGIResponse:
        made = charging.find(network, order.token)
        if made is None:
            made = charging.charge(network, order, scripted, reports=asked.reply == "later")
            if asked.reply == "later":
                return _json(_shown(made._replace(final_ms=None), made.created_ms))
        if _order_of(made) != order:
            raise _Refused(422, "key_reused", "the token stands for another charge")
        return _json(_shown(made, network.clock.now_ms()))

    # A repeat asks nobody anew and uses up no script; faults strike it like any other request.
    is_repeat = charging.find(network, order.token) is not None
    return await serve(
        network,
        request,
        operation="charge",
        msisdn="" if is_repeat else order.msisdn,
        work=work,
    )


async def _one(network: Network, request: Http) -> ASGIResponse:
    token = request.path_params["token"]

    def work(_: Scripted) -> ASGIResponse:
        made = charging.find(network, token)
        if made is None:
            return _refusal(404, "unknown_charge", "nobody asked for that")
        return _json(_shown(made, network.clock.now_ms()))

    return await serve(network, request, operation="query", msisdn="", work=work)


async def _sms(network: Network, request: Http) -> ASGIResponse:
    asked = _read(await request.body(), _NewText)
    standing, _ = charging.standing_of(network, asked.msisdn)

    def work(scripted: Scripted) -> ASGIResponse:
        verdict = scripted.verdict or standing
        if verdict == "unknown_number":
            rejected = {"id": asked.id, "status": "rejected", "reason": verdict}
            return _json(rejected)
        if books.keep_once(network, "sms", asked.id, b""):
            books.note_text(network, asked.id, asked.msisdn, asked.text)
        return _json({"id": asked.id, "status": "sent", "operator_token": f"sms-{asked.id}"[:64]})

    return await serve(network, request, operation="sms", msisdn=asked.msisdn, work=work)


def _shown(made: Charge, now_ms: int) -> dict[str, Any]:
    """Write a charge as the partner may know it by now."""
    shown: dict[str, Any] = {"token": made.token, "operator_token": f"op-{made.number}"}
    if not made.is_final(now_ms):
        return {**shown, "status": "accepted"}
    status = _STATUSES.get(made.verdict, "declined")
    if status == "paid":
        at = iso(made.created_ms)
        paid = {"amount_minor": made.amount_minor, "currency": made.currency, "at": at}
        return {**shown, "status": status, **paid}
    return {**shown, "status": status, "reason": made.code or made.verdict}


def _charge_event(told: Outcome) -> dict[str, Any]:
    made = told.charge
    if told.is_interim:
        shown = _shown(made._replace(final_ms=None), 0)
        name = f"c{made.number}-interim"
    else:
        shown = _shown(made, made.final_ms or 0)
        name = f"c{made.number}-final"
    return {
        "event_id": name,
        "type": "charge",
        "charge": shown,
        "msisdn": made.msisdn,
        "service": made.service or None,
    }


def _said_event(told: Said) -> dict[str, Any]:
    event = {
        "event_id": told.id,
        "type": told.kind,
        "msisdn": told.msisdn,
        "at": iso(told.at_ms),
        "text": told.text,
        "service": told.service or None,
        "keyword": told.keyword or None,
        "new_msisdn": told.new_msisdn or None,
    }
    return {name: value for name, value in event.items() if value is not None}


def _order_of(made: Charge) -> Order:
    return Order(
        token=made.token,
        msisdn=made.msisdn,
        amount_minor=made.amount_minor,
        currency=made.currency,
        service=made.service,
        keyword=made.keyword,
    )


def _read(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _Refused(400, "invalid_request", "the body cannot be read") from error


def _refusal(status: int, code: str, message: str) -> ASGIResponse:
    return _json({"error": {"code": code, "message": message}}, status)


def _json(value: Any, status: int = 200) -> ASGIResponse:
    return ASGIResponse(
        body=msgspec.json.encode(value), status_code=status, media_type="application/json"
    )
