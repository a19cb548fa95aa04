"""UCIP as an account server speaks it, and a Kannel-like gate for texts beside it.

It keeps no keys: a token that comes twice is charged twice, which is why nobody may send one twice.
"""

import xmlrpc.client
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final
from xml.parsers.expat import ExpatError

from litestar import HttpMethod, Router
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.operators import books, charging
from entrypoints.sandbox.operators.charging import Order
from entrypoints.sandbox.operators.dialect import Dialect
from entrypoints.sandbox.operators.network import Network
from entrypoints.sandbox.operators.scripts import Scripted
from entrypoints.sandbox.operators.serving import Http, serve

_CODES: Final = {
    "billed": 0,
    "prepaid": 0,
    "postpaid": 11,
    "blacklisted": 103,
    "insufficient_funds": 112,
    "inactive_number": 126,
    "unknown_number": 102,
    "barred": 104,
    "frequency_exceeded": 123,
    "operator_failure": 100,
    "other": 999,
}
_NEEDED: Final = ("originNodeType", "originHostName", "originTransactionID", "originTimeStamp")


class _Fault(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class UcipDialect(Dialect):
    """The routes of one account server; it notifies nobody."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def routes(self) -> Sequence[Router | HTTPRouteHandler]:
        prefix = self._network.account.prefix
        air = HTTPRouteHandler(f"{prefix}/Air", http_method=HttpMethod.POST, status_code=200)
        gate = HTTPRouteHandler(f"{prefix}/cgi-bin/sendsms", http_method=HttpMethod.GET)
        return [air(self._air()), gate(self._gate())]

    def _air(self) -> Any:
        async def air(request: Http) -> ASGIResponse:
            if not self._is_known(request):
                return ASGIResponse(status_code=401, body=b"who is it?", media_type="text/plain")
            try:
                members, method = _read(await request.body())
                msisdn = self._checked(members)
            except _Fault as fault:
                return _answer(xmlrpc.client.Fault(fault.code, str(fault)))
            if method == "GetBalanceAndDate":
                return await serve(
                    self._network,
                    request,
                    operation="precheck",
                    msisdn=msisdn,
                    work=lambda scripted: self._look(members, msisdn, scripted),
                )
            if method != "UpdateBalanceAndDate":
                return _answer(xmlrpc.client.Fault(1004, "Unknown operation"))
            return await serve(
                self._network,
                request,
                operation="charge",
                msisdn=msisdn,
                work=lambda scripted: self._charge(members, msisdn, scripted),
            )

        return air

    def _gate(self) -> Any:
        async def gate(request: Http) -> ASGIResponse:
            given, secrets = request.query_params, self._network.account.secrets
            known = compare_digest(
                f"{given.get('username', '')}:{given.get('password', '')}".encode(),
                f"{secrets.get('sms_user', '')}:{secrets.get('sms_password', '')}".encode(),
            )
            if not known:
                return ASGIResponse(status_code=403, body=b"Authorization failed for sendsms")
            number = self._network.account.whole(given.get("to", ""))
            text = given.get("text", "")
            if not text or (not text.isascii() and given.get("charset") != "UTF-8"):
                return ASGIResponse(status_code=400, body=b"Missing text or charset")

            def work(_: Scripted) -> ASGIResponse:
                books.note_text(self._network, "", number, text)
                return ASGIResponse(
                    status_code=202, body=b"0: Accepted for delivery", media_type="text/plain"
                )

            return await serve(self._network, request, operation="sms", msisdn=number, work=work)

        return gate

    def _look(self, members: Mapping[str, Any], msisdn: str, scripted: Scripted) -> ASGIResponse:
        standing, balance_minor = charging.standing_of(self._network, msisdn)
        # An account server knows who pays later and who is unknown; the rest shows when charging.
        shown = standing if standing in ("postpaid", "unknown_number", "inactive_number") else None
        code = scripted.code or str(_CODES[scripted.verdict or shown or "billed"])
        balance = 10**6 if balance_minor is None else balance_minor
        return self._told(members, code, accountValue1=str(balance))

    def _charge(self, members: Mapping[str, Any], msisdn: str, scripted: Scripted) -> ASGIResponse:
        made = charging.charge(
            self._network,
            Order(
                token=members["originTransactionID"],
                msisdn=msisdn,
                amount_minor=-int(members["adjustmentAmountRelative"]),
                currency=members["transactionCurrency"],
                service=members.get("externalData1", ""),
            ),
            scripted,
        )
        return self._told(members, made.code or str(_CODES[made.verdict]))

    def _told(self, members: Mapping[str, Any], code: str, **more: str) -> ASGIResponse:
        return _answer(
            (
                {
                    "responseCode": int(code),
                    "originTransactionID": members["originTransactionID"],
                    "currency1": self._network.account.currency,
                    **more,
                },
            )
        )

    def _checked(self, members: Mapping[str, Any]) -> str:
        """Return the number, country code included, or raise what a strict server would."""
        for name in (*_NEEDED, "subscriberNumber"):
            if not members.get(name):
                raise _Fault(1001, f"Mandatory field missing: {name}")
        account = self._network.account
        number = members["subscriberNumber"]
        if not isinstance(number, str) or not number.isdigit():
            raise _Fault(1002, "Illegal data type: subscriberNumber")
        self._check_time(members["originTimeStamp"])
        if "adjustmentAmountRelative" in members:
            amount = members["adjustmentAmountRelative"]
            if not isinstance(amount, str) or not amount.removeprefix("-").isdigit():
                raise _Fault(1002, "Illegal data type: adjustmentAmountRelative")
            if members.get("transactionCurrency") != account.currency or int(amount) >= 0:
                raise _Fault(1003, "Data out of bounds: a charge is negative and in our currency")
        # National, whatever it begins with: with the country code it would be somebody else.
        return account.country_code + number

    def _check_time(self, stamp: object) -> None:
        try:
            told = datetime.strptime(str(stamp), "%Y%m%dT%H:%M:%S%z")
        except ValueError as error:
            raise _Fault(1002, "Illegal data type: originTimeStamp") from error
        here = told.astimezone(self._network.account.zone)
        if told.utcoffset() != here.utcoffset():
            raise _Fault(1003, "Data out of bounds: originTimeStamp is not in our zone")

    def _is_known(self, request: Http) -> bool:
        secrets = self._network.account.secrets
        pair = f"{secrets.get('user', '')}:{secrets.get('password', '')}"
        wanted = f"Basic {b64encode(pair.encode()).decode()}" if secrets.get("user") else ""
        given = request.headers.get("authorization", "")
        return compare_digest(given.encode(), wanted.encode())


def speak(network: Network) -> UcipDialect:
    """Return the dialect of a network."""
    return UcipDialect(network)


def _read(body: bytes) -> tuple[Mapping[str, Any], str]:
    try:
        params, method = xmlrpc.client.loads(body)
    except (ExpatError, xmlrpc.client.Error, ValueError, TypeError, KeyError) as error:
        raise _Fault(1000, "Illegal request message") from error
    if len(params) != 1 or not isinstance(params[0], dict):
        raise _Fault(1000, "Illegal request message")
    return params[0], str(method)


def _answer(value: Any) -> ASGIResponse:
    body = xmlrpc.client.dumps(value, methodresponse=True, encoding="utf-8")
    return ASGIResponse(body=body, media_type="text/xml")
