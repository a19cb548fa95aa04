"""QRTech as an operator speaks it: it knows its subscribers, and charges them for a day's text."""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

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
    "billed": "200",
    "postpaid": "500",
    "blacklisted": "511",
    "insufficient_funds": "531",
    "inactive_number": "500",
    "unknown_number": "510",
    "barred": "511",
    "frequency_exceeded": "532",
    "operator_failure": "521",
    "other": "550",
}
_QUEUED: Final = "100"
_UNKNOWN_USER, _UNKNOWN_SERVICE, _TAKEN_ALREADY = -10, -11, -20
_SUBSCRIBED: Final = "subscribed"


class QRTechDialect(Dialect):
    """The one route of one operator, its callbacks, and who is subscribed to what."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sold: Mapping[str, Any] = network.account.options.get("services", {})

    def routes(self) -> Sequence[Router | HTTPRouteHandler]:
        path = f"{self._network.account.prefix}/mt"
        door = HTTPRouteHandler(path, http_method=HttpMethod.POST, status_code=200)
        return [door(self._door())]

    def compose(self, told: Told) -> Draft:
        if isinstance(told, Outcome):
            return self._notification(told)
        if told.kind not in ("mo", "subscribe", "unsubscribe"):
            raise CannotTell(f"subscribers of this operator cannot say {told.kind}")
        return self._text(told)

    def _notification(self, told: Outcome) -> Draft:
        made = told.charge
        code = _QUEUED if told.is_interim else made.code or _CODES[made.verdict]
        return self._call(
            "dn",
            dnid=made.token,
            msisdn=made.msisdn,
            shortcode=self._shortcode(made.service),
            operator="1",
            dnerrorcode=code,
            keyword="",
            bcdate="",
        )

    def _text(self, told: Said) -> Draft:
        text = "stop" if told.kind == "unsubscribe" else told.text or told.keyword or "ok"
        shortcode = self._shortcode(told.service)
        self._remember(shortcode, told.msisdn, stops="stop" in text.casefold().split())
        return self._call(
            "mo",
            msgid=told.id,
            msisdn=told.msisdn,
            message=text,
            shortcode=shortcode,
            motoken=self._network.account.secrets["mo_token"],
            productid="1",
            operator="1",
            keyword=told.keyword,
        )

    def _shortcode(self, service: str) -> str:
        """Return under which short code a service is sold; the first one where none is named."""
        for shortcode, one in self._sold.items():
            if not service or one["service"] == service:
                return shortcode
        return "0000"

    def _remember(self, shortcode: str, msisdn: str, *, stops: bool) -> None:
        key = f"{shortcode}:{msisdn}"
        if stops:
            self._network.store.run("DELETE FROM kept WHERE kind = ? AND key = ?", _SUBSCRIBED, key)
        else:
            books.keep_once(self._network, _SUBSCRIBED, key, b"")

    def _call(self, path: str, **form: str) -> Draft:
        key = self._network.account.secrets.get("callback_key")
        query = f"?{urlencode({'key': key})}" if key else ""
        url = f"{self._network.account.callback_url}/{path}{query}"
        return Draft("POST", url, "application/x-www-form-urlencoded", urlencode(form).encode())

    def _door(self) -> Any:
        async def handle(request: Http) -> ASGIResponse:
            form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
            wanted = self._network.account.secrets["username"]
            if not hmac.compare_digest(form.get("username", "").encode(), wanted.encode()):
                return _answer(_UNKNOWN_USER)

            def work(_: Scripted) -> ASGIResponse:
                return _answer(self._take(form))

            return await serve(self._network, request, operation="broadcast", msisdn="", work=work)

        return handle

    def _take(self, form: Mapping[str, str]) -> int:
        """Take the text of a day, and charge everybody who is subscribed to the service."""
        text_id, day = form.get("serviceid", ""), form.get("broadcastdate", "")
        found = [(code, one) for code, one in self._sold.items() if one["id"] == text_id]
        if not found or not day.isdigit():
            return _UNKNOWN_SERVICE
        body = form.get("content", "").encode()
        number = books.keep_once(self._network, "broadcast", f"{text_id}:{day}", body)
        if number is None:
            return _TAKEN_ALREADY
        (shortcode, sold), *_ = found
        rows = self._network.store.all(
            "SELECT key FROM kept WHERE kind = ? AND key GLOB ? ORDER BY number",
            _SUBSCRIBED,
            f"{shortcode}:*",
        )
        for (key,) in rows:
            msisdn = key.partition(":")[2]
            order = Order(
                token=f"{day}-{text_id}-{msisdn[-9:]}",
                msisdn=msisdn,
                amount_minor=sold["price_minor"],
                currency=self._network.account.currency,
                service=sold["service"],
            )
            charging.charge(self._network, order, reports=True)
        return number


def speak(network: Network) -> QRTechDialect:
    """Return the dialect of a network."""
    return QRTechDialect(network)


def _answer(number: int) -> ASGIResponse:
    return ASGIResponse(body=str(number).encode(), media_type="text/plain")
