"""The page where the payer decides, in Russian and English, and its programmatic twin."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import jinja2
import msgspec
from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from entrypoints.sandbox.yookassa import deadlines, entries, invoices, methods, payments, wire
from entrypoints.sandbox.yookassa.cards import CARDS, DEFAULT_CARD, Declines, Outcome, Pays
from entrypoints.sandbox.yookassa.errors import ApiError, invalid_request
from entrypoints.sandbox.yookassa.shop import Shop

PREFIX: Final = "/sandbox/yookassa"
_Request = Request[Any, Any, Any]
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}

_TEXTS: Final = {
    "ru": {
        "title": "Оплата",
        "bind": "Привязка карты",
        "card": "Тестовая карта",
        "pay": "Оплатить",
        "save": "Привязать",
        "decline": "Отказаться",
        "over": "Решение уже принято",
        "back": "Вернуться в магазин",
        "sandbox": "Это песочница: деньги не списываются.",
        "pays": "платит",
        "pending": "остаётся в обработке",
        "then": "затем",
    },
    "en": {
        "title": "Payment",
        "bind": "Saving a card",
        "card": "Test card",
        "pay": "Pay",
        "save": "Save",
        "decline": "Decline",
        "over": "This has been decided already",
        "back": "Back to the shop",
        "sandbox": "This is a sandbox: no money is taken.",
        "pays": "pays",
        "pending": "stays in processing",
        "then": "then",
    },
}


class Decision(msgspec.Struct, frozen=True):
    """What the payer chose; `reason` overrides why a declined payment is canceled."""

    action: str = "pay"
    card: str | None = None
    reason: str = "general_decline"


class Decided(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    status: str
    return_url: str | None = None


def page_handlers(shop: Shop, public_url: str | None) -> list[HTTPRouteHandler]:
    """Return the routes of the confirmation and binding pages."""
    template = _template()

    @get(f"{PREFIX}/confirm/{{payment_id:str}}", include_in_schema=False)
    async def show(request: _Request, payment_id: FromPath[str]) -> ASGIResponse:
        deadlines.apply_due(shop, shop.clock.now_ms())
        try:
            entry = entries.get(shop.store, payment_id)
        except ApiError as error:
            return _json(error.status, error.body())
        waiting = entry.payment.status == "pending" and entry.payment.confirmation is not None
        texts = _TEXTS[_language(request)]
        return _html(
            template.render(
                t=texts,
                language=_language(request),
                heading=texts["title"],
                submit=texts["pay"],
                amount=entry.payment.amount,
                description=entry.payment.description,
                waiting=waiting,
                status=entry.payment.status,
                return_url=entry.hidden.return_url,
                cards=_choices(texts),
            )
        )

    @post(f"{PREFIX}/confirm/{{payment_id:str}}", include_in_schema=False)
    async def decide(request: _Request, payment_id: FromPath[str]) -> ASGIResponse:
        body = await request.body()
        try:
            decision = _read(request, body)
            now_ms = shop.clock.now_ms()
            deadlines.apply_due(shop, now_ms)
            with shop.store.transaction():
                entry = payments.confirm(
                    shop,
                    entries.get(shop.store, payment_id),
                    now_ms,
                    card=decision.card,
                    reason=decision.reason if decision.action == "decline" else None,
                )
        except ApiError as error:
            return _json(error.status, error.body())
        return _after(request, payment_id, entry.payment.status, entry.hidden.return_url)

    @get(f"{PREFIX}/bind/{{method_id:str}}", include_in_schema=False)
    async def show_binding(request: _Request, method_id: FromPath[str]) -> ASGIResponse:
        deadlines.apply_due(shop, shop.clock.now_ms())
        try:
            method = methods.view(shop, method_id)
        except ApiError as error:
            return _json(error.status, error.body())
        texts = _TEXTS[_language(request)]
        return _html(
            template.render(
                t=texts,
                language=_language(request),
                heading=texts["bind"],
                submit=texts["save"],
                waiting=method.status == "pending",
                status=method.status,
                return_url=_return_url(method),
                cards=_choices(texts),
            )
        )

    @post(f"{PREFIX}/bind/{{method_id:str}}", include_in_schema=False)
    async def decide_binding(request: _Request, method_id: FromPath[str]) -> ASGIResponse:
        body = await request.body()
        try:
            decision = _read(request, body)
            return_url = _return_url(methods.view(shop, method_id))
            card = (decision.card or DEFAULT_CARD) if decision.action == "pay" else None
            now_ms = shop.clock.now_ms()
            deadlines.apply_due(shop, now_ms)
            with shop.store.transaction():
                method = methods.finish_binding(shop, method_id, now_ms, card)
        except ApiError as error:
            return _json(error.status, error.body())
        return _after(request, method_id, method.status, return_url)

    @get(f"{PREFIX}/invoice/{{invoice_id:str}}", include_in_schema=False)
    async def open_invoice(request: _Request, invoice_id: FromPath[str]) -> ASGIResponse:
        now_ms = shop.clock.now_ms()
        deadlines.apply_due(shop, now_ms)
        base_url = public_url or str(request.url).split(PREFIX)[0]
        try:
            with shop.store.transaction():
                target = invoices.open_page(shop, invoice_id, now_ms, base_url)
        except ApiError as error:
            return _json(error.status, error.body())
        headers = {"location": target, **_HEADERS}
        return ASGIResponse(status_code=303, media_type="text/html", headers=headers)

    return [show, decide, show_binding, decide_binding, open_invoice]


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    return environment.get_template("confirm.html.j2")


def _language(request: _Request) -> str:
    """Return `ru` or `en`, whichever the browser names first."""
    for part in request.headers.get("accept-language", "").split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in _TEXTS:
            return language
    return "en"


def _choices(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Return every test card with what it does, the default one first."""
    cards = sorted(CARDS.values(), key=lambda card: card.number != DEFAULT_CARD)
    return [(card.number, _fate(card.checkout, card.charges, texts)) for card in cards]


def _fate(checkout: Outcome, charges: tuple[Outcome, ...], texts: dict[str, str]) -> str:
    fate = _word(checkout, texts)
    if (checkout,) == charges:
        return fate
    return f"{fate}, {texts['then']}: {', '.join(_word(each, texts) for each in charges)}"


def _word(outcome: Outcome, texts: dict[str, str]) -> str:
    match outcome:
        case Pays():
            return texts["pays"]
        case Declines(reason, _):
            return reason
        case _:
            return texts["pending"]


def _read(request: _Request, body: bytes) -> Decision:
    """Read a form or JSON: `card`, `action` (pay or decline), `reason`."""
    try:
        if _is_json(request):
            decision = msgspec.json.decode(body, type=Decision)
        else:
            fields = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
            decision = msgspec.convert(fields, Decision)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid_request("The decision is not readable") from error
    if decision.action not in ("pay", "decline"):
        raise invalid_request("Action must be pay or decline", "action")
    return decision


def _is_json(request: _Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/json")


def _return_url(method: wire.BoundMethod) -> str | None:
    return method.confirmation.return_url if method.confirmation else None


def _after(request: _Request, object_id: str, status: str, return_url: str | None) -> ASGIResponse:
    """Answer JSON with JSON; send a browser back to the shop."""
    if _is_json(request):
        return _json(200, msgspec.json.encode(Decided(object_id, status, return_url)))
    target = return_url or request.scope["path"]
    return ASGIResponse(
        status_code=303, media_type="text/html", headers={"location": target, **_HEADERS}
    )


def _json(status: int, body: bytes) -> ASGIResponse:
    return ASGIResponse(body=body, status_code=status, media_type="application/json")


def _html(text: str) -> ASGIResponse:
    return ASGIResponse(body=text, media_type="text/html", headers=_HEADERS)
