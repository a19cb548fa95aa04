"""The page of a payment link, where the payer decides, in Russian and English.

It also is the page a program uses: JSON in, JSON out.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import jinja2
import msgspec
from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.cloudpayments import orders, wire
from entrypoints.sandbox.cloudpayments.answers import Refusal
from entrypoints.sandbox.cloudpayments.cards import CARDS, DEFAULT_CARD, NAMES, Card, find_card
from entrypoints.sandbox.cloudpayments.sender import ask_first
from entrypoints.sandbox.cloudpayments.terminal import Terminal

_Request = Request[Any, Any, Any]
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}
_TEXTS: Final = {
    "ru": {
        "title": "Оплата по ссылке",
        "card": "Тестовая карта",
        "pay": "Оплатить",
        "decline": "Отказаться",
        "over": "По этой ссылке уже не платят",
        "back": "Вернуться в магазин",
        "sandbox": "Это песочница: деньги не списываются.",
        "pays": "платит",
        "then": "затем",
    },
    "en": {
        "title": "Payment by link",
        "card": "Test card",
        "pay": "Pay",
        "decline": "Decline",
        "over": "This link is not for paying any more",
        "back": "Back to the shop",
        "sandbox": "This is a sandbox: no money is taken.",
        "pays": "pays",
        "then": "then",
    },
}
_GENERAL_DECLINE: Final = 5005


class Decision(msgspec.Struct, frozen=True):
    """What the payer did: `pay`, `decline` (for `reason`), or `begin` and wait at the bank."""

    action: str = "pay"
    card: str | None = None
    reason: int = _GENERAL_DECLINE


class Decided(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of it."""

    transaction_id: int
    status: str
    reason_code: int = 0


def page_handlers(terminal: Terminal) -> list[HTTPRouteHandler]:
    """Return the routes of the page."""
    template = _template()

    @get(f"{orders.PAGE}/{{order_id:str}}", include_in_schema=False)
    async def show(request: _Request, order_id: FromPath[str]) -> ASGIResponse:
        try:
            kept, status = orders.find(terminal, order_id)
        except Refusal as refusal:
            return _json(404, refusal.body)
        texts = _TEXTS[_language(request)]
        text = template.render(
            t=texts,
            language=_language(request),
            heading=texts["title"],
            submit=texts["pay"],
            amount={"value": f"{kept.order.amount:f}", "currency": kept.order.currency},
            description=kept.order.description,
            waiting=status == "open",
            status=status,
            return_url=kept.return_url,
            cards=[(card.number, _fate(card, texts)) for card in CARDS.values()],
        )
        return ASGIResponse(body=text, media_type="text/html", headers=_HEADERS)

    @post(f"{orders.PAGE}/{{order_id:str}}", include_in_schema=False)
    async def decide(request: _Request, order_id: FromPath[str]) -> ASGIResponse:
        body = await request.body()
        try:
            decision = _read(request, body)
            transaction, kept = await carried_out(
                terminal, order_id, decision, terminal.clock.now_ms
            )
        except Refusal as refusal:
            return _json(409, refusal.body)
        if _is_json(request):
            shown = Decided(transaction.transaction_id, transaction.status, transaction.reason_code)
            return _json(200, msgspec.json.encode(shown))
        target = kept.return_url or request.scope["path"]
        return ASGIResponse(
            status_code=303, media_type="text/html", headers={"location": target, **_HEADERS}
        )

    return [show, decide]


async def carried_out(
    terminal: Terminal, own: str, decision: Decision, now_ms: Callable[[], int]
) -> tuple[wire.Transaction, wire.Kept]:
    """Do what a payer decided; the shop is asked first, with nothing held meanwhile."""
    kept, _ = orders.find(terminal, own)
    card = find_card(decision.card or DEFAULT_CARD)
    if decision.action == "begin":
        with terminal.store.transaction():
            return orders.begin(terminal, own, card, now_ms()), kept
    code = await ask_first(terminal, orders.question(kept, card, terminal, now_ms()))
    if code == 0:
        code = decision.reason if decision.action == "decline" else card.checkout
    with terminal.store.transaction():
        return orders.decide(terminal, own, card, now_ms(), code=code)


def _template() -> jinja2.Template:
    """Return the page both emulated gateways show."""
    folder = Path(__file__).parent.parent / "yookassa"
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True
    )
    return environment.get_template("confirm.html.j2")


def _language(request: _Request) -> str:
    """Return `ru` or `en`, whichever the browser names first."""
    for part in request.headers.get("accept-language", "").split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in _TEXTS:
            return language
    return "en"


def _fate(card: Card, texts: dict[str, str]) -> str:
    def word(code: int) -> str:
        return NAMES.get(code, str(code)) if code else texts["pays"]

    then = ", ".join(word(code) for code in card.charges)
    return f"{word(card.checkout)}, {texts['then']}: {then}"


def _read(request: _Request, body: bytes) -> Decision:
    """Read a form or JSON."""
    try:
        if _is_json(request):
            decision = msgspec.json.decode(body, type=Decision)
        else:
            fields = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
            decision = msgspec.convert(fields, Decision, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refusal("The decision is not readable") from error
    if decision.action not in ("pay", "decline", "begin"):
        raise Refusal("Action must be pay, decline or begin")
    return decision


def _is_json(request: _Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _json(status: int, body: bytes) -> ASGIResponse:
    return ASGIResponse(body=body, status_code=status, media_type="application/json")
