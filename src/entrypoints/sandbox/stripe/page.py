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

from entrypoints.sandbox.stripe import amounts, deadlines, objects, sessions
from entrypoints.sandbox.stripe.cards import CARDS, Card
from entrypoints.sandbox.stripe.errors import ApiError, invalid
from entrypoints.sandbox.stripe.objects import Shown
from entrypoints.sandbox.stripe.platform import Platform
from entrypoints.sandbox.stripe.sabotage import json_answer

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
        "card": "Тестовая карта",
        "pay": "Оплатить",
        "decline": "Отказаться",
        "over": "Решение уже принято",
        "back": "Вернуться в магазин",
        "sandbox": "Это песочница: деньги не списываются.",
        "pays": "платит",
        "then": "затем",
    },
    "en": {
        "title": "Payment",
        "card": "Test card",
        "pay": "Pay",
        "decline": "Decline",
        "over": "This has been decided already",
        "back": "Back to the shop",
        "sandbox": "This is a sandbox: no money is taken.",
        "pays": "pays",
        "then": "then",
    },
}


class Decision(msgspec.Struct, frozen=True):
    """What the payer chose: to try a card, or to leave."""

    action: str = "pay"
    card: str = next(iter(CARDS))


def page_handlers(platform: Platform) -> list[HTTPRouteHandler]:
    """Return the routes of the page of a session."""
    # One look for every emulator: the template is shared.
    folder = Path(__file__).parents[1] / "yookassa"
    loader = jinja2.FileSystemLoader(folder)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True)
    template = environment.get_template("confirm.html.j2")

    @get(f"{sessions.PAGE}/{{session_id:str}}", include_in_schema=False)
    async def show(request: _Request, session_id: FromPath[str]) -> ASGIResponse:
        deadlines.apply_due(platform, platform.clock.now_ms())
        try:
            session = objects.get(platform.store, "checkout.session", session_id)
        except ApiError as error:
            return json_answer(error.status, error.body())
        language = _language(request)
        texts = _TEXTS[language]
        shown = session.shown
        return ASGIResponse(
            body=template.render(
                t=texts,
                language=language,
                heading=texts["title"],
                submit=texts["pay"],
                amount={
                    "value": amounts.text(shown["amount_total"], shown["currency"]),
                    "currency": shown["currency"].upper(),
                },
                description=session.hidden["name"],
                waiting=shown["status"] == "open",
                status=shown["status"],
                return_url=shown["success_url"],
                cards=[(card.number, _fate(card, texts)) for card in CARDS.values()],
            ),
            media_type="text/html",
            headers=_HEADERS,
        )

    @post(f"{sessions.PAGE}/{{session_id:str}}", include_in_schema=False)
    async def decide(request: _Request, session_id: FromPath[str]) -> ASGIResponse:
        body = await request.body()
        try:
            decision = _read(request, body)
            now_ms = platform.clock.now_ms()
            deadlines.apply_due(platform, now_ms)
            with platform.store.transaction():
                session = objects.get(platform.store, "checkout.session", session_id)
                sessions.check_open(session)
                if decision.action == "pay":
                    sessions.pay(platform, session, decision.card, now_ms)
        except ApiError as error:
            return json_answer(error.status, error.body())
        return _after(request, session.shown)

    return [show, decide]


def _fate(card: Card, texts: dict[str, str]) -> str:
    first = card.checkout or texts["pays"]
    if card.checkout == card.charge:
        return first
    return f"{first}, {texts['then']}: {card.charge or texts['pays']}"


def _language(request: _Request) -> str:
    """Return `ru` or `en`, whichever the browser names first."""
    for part in request.headers.get("accept-language", "").split(","):
        language = part.split(";")[0].strip().lower()[:2]
        if language in _TEXTS:
            return str(language)
    return "en"


def _read(request: _Request, body: bytes) -> Decision:
    """Read a form or JSON: `card`, and `action` (pay or decline)."""
    try:
        if _is_json(request):
            decision = msgspec.json.decode(body, type=Decision)
        else:
            fields = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
            decision = msgspec.convert(fields, Decision)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise invalid("The decision is not readable") from error
    if decision.action not in ("pay", "decline"):
        raise invalid("Action must be pay or decline", "action")
    return decision


def _is_json(request: _Request) -> bool:
    return bool(request.headers.get("content-type", "").startswith("application/json"))


def _after(request: _Request, session: Shown) -> ASGIResponse:
    """Answer JSON with JSON; send a browser back to the shop, or to another try."""
    if _is_json(request):
        told = {"id": session["id"], "status": session["status"]}
        return json_answer(200, msgspec.json.encode(told))
    target = session["success_url"] if session["status"] == "complete" else None
    headers = {"location": target or request.scope["path"], **_HEADERS}
    return ASGIResponse(status_code=303, media_type="text/html", headers=headers)
