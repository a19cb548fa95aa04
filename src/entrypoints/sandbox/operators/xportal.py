"""XPortal as an operator speaks it: a GET for everything, notifications by GET, no keys kept."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar import HttpMethod, Router
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.operators import books, charging
from entrypoints.sandbox.operators.charging import Order
from entrypoints.sandbox.operators.dialect import CannotTell, Dialect, Draft, Outcome, Said, Told
from entrypoints.sandbox.operators.network import Network
from entrypoints.sandbox.operators.scripts import Scripted
from entrypoints.sandbox.operators.serving import Http, serve

_CODES: Final = {
    "billed": "201",
    "postpaid": "414",
    "blacklisted": "1003",
    "insufficient_funds": "412",
    "inactive_number": "402",
    "unknown_number": "401",
    "barred": "416",
    "frequency_exceeded": "416",
    "operator_failure": "503",
    "other": "1001",
}
_INTERIM: Final = "102"
_TARIFFS: Final = {"250": 250, "1000": 1000, "2000": 2000}
_FREE: Final = "0"


class XPortalDialect(Dialect):
    """The one route of one operator, and its callbacks."""

    def __init__(self, network: Network) -> None:
        self._network = network
        given: Mapping[str, str] = network.account.options.get("tariffs", {})
        self._tariffs = {code: int(amount) for amount, code in given.items()} or _TARIFFS
        self._free = str(network.account.options.get("free_tariff", _FREE))

    def routes(self) -> Sequence[Router | HTTPRouteHandler]:
        path = f"{self._network.account.prefix}/mt"
        return [HTTPRouteHandler(path, http_method=HttpMethod.GET)(self._door())]

    def compose(self, told: Told) -> Draft:
        if isinstance(told, Outcome):
            return self._notification(told)
        if told.kind not in ("mo", "subscribe", "unsubscribe"):
            raise CannotTell(f"subscribers of this operator cannot say {told.kind}")
        return self._text(told)

    def _notification(self, told: Outcome) -> Draft:
        made = told.charge
        code = _INTERIM if told.is_interim else made.code or _CODES[made.verdict]
        at_ms = made.created_ms if told.is_interim else made.final_ms or made.created_ms
        return self._call(
            "dn",
            telco="globe",
            msisdn=made.msisdn,
            rrn=f"{made.token}.{made.amount_minor}",
            status="0" if made.is_billed and not told.is_interim else "1",
            code=code,
            timestamp=str(at_ms // 1000),
        )

    def _text(self, told: Said) -> Draft:
        written = told.text or told.keyword
        text = f"{written} off" if told.kind == "unsubscribe" else written
        return self._call(
            "mo",
            telco="globe",
            msisdn=told.msisdn,
            message=text,
            rrn=told.id,
            timestamp=str(told.at_ms // 1000),
        )

    def _call(self, path: str, **given: str) -> Draft:
        key = self._network.account.secrets.get("callback_key")
        query = urlencode({**({"key": key} if key else {}), **given})
        return Draft("GET", f"{self._network.account.callback_url}/{path}?{query}", "", b"")

    def _door(self) -> Any:
        async def handle(request: Http) -> ASGIResponse:
            given = request.query_params
            wanted = self._network.account.secrets["key"]
            if not hmac.compare_digest(given.get("key", "").encode(), wanted.encode()):
                return _answer(400, "bad key")
            msisdn, rrn, tariff = (given.get(name, "") for name in ("msisdn", "rrn", "keyword"))
            if not rrn or not msisdn.startswith(self._network.account.country_code):
                return _answer(400, "bad parameters")
            if tariff == self._free:
                return await self._sms(request, msisdn, rrn)
            if tariff not in self._tariffs:
                return _answer(400, "bad keyword")
            return await self._charge(request, msisdn, rrn, self._tariffs[tariff])

        return handle

    async def _charge(
        self, request: Http, msisdn: str, rrn: str, amount_minor: int
    ) -> ASGIResponse:
        order = Order(
            token=rrn.rpartition(".")[0] or rrn,
            msisdn=msisdn,
            amount_minor=amount_minor,
            currency=self._network.account.currency,
        )

        def work(scripted: Scripted) -> ASGIResponse:
            charging.charge(self._network, order, scripted, reports=True)
            return _answer(200, "accepted")

        return await serve(self._network, request, operation="charge", msisdn=msisdn, work=work)

    async def _sms(self, request: Http, msisdn: str, rrn: str) -> ASGIResponse:
        text = request.query_params.get("message", "")

        def work(_: Scripted) -> ASGIResponse:
            books.note_text(self._network, rrn, msisdn, text)
            return _answer(200, "accepted")

        return await serve(self._network, request, operation="sms", msisdn=msisdn, work=work)


def speak(network: Network) -> XPortalDialect:
    """Return the dialect of a network."""
    return XPortalDialect(network)


def _answer(status_code: int, message: str) -> ASGIResponse:
    body = msgspec.json.encode({"status_code": status_code, "message": message})
    return ASGIResponse(body=body, media_type="application/json")
