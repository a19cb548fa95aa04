"""Every route meets input nobody sane would send: never a 500, never half an effect."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from entrypoints.api.contract import PERMISSION
from entrypoints.api.shapes import Body
from tests.integration.api.conftest import Api

_TABLES = (
    "customer", "plan", "price", "feature", "subscription", "invoice", "payment", "refund",
    "message", "event", "idempotency",
)  # fmt: skip

# Values for a field of any type; what a field does take is left out by asking its type first.
VALUES: list[Any] = [
    None, True, 0, -1, 10**15 + 1, 10**23, -(2**63) - 1, 1.5, 1e308, "", " ", "1", "1e5000", "NaN",
    "Infinity", "\u0000", "a\u0000b", "\ud800", "a\r\nb: c", "line\n", "=1+1", "x" * 1_000_000,
    "٣٣", "ﷺ", "\u202e", "../../etc/passwd", "'; DROP TABLE payment; --", "${jndi:ldap://x}",
    "0000-00-00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", [], {}, [None],
    [[]], {"a": 1}, [0] * 10_000, "00000000-0000-0000-0000-000000000000", "RUB\n",
]  # fmt: skip

BODIES = [
    b"", b" ", b"null", b"[]", b"{}", b"0", b'"x"', b"{", b"\x00", b"\xff\xfe", b"[" * 100_000,
    b'{"a":' * 50_000, b"{}{}", b'{"\\ud800":1}', b"x" * (256 * 1024 + 1), b"\xef\xbb\xbf{}",
    b"\x1f\x8b\x08\x00" + b"\x00" * 100,
]  # fmt: skip

QUERIES = [
    "%00", "%ff", "%ED%A0%80", "%0d%0aX: y", "x" * 5000, "-1", "1e2", "0", "101", "9" * 30, "NaN",
    "null", "true", "%F0%9F%92%A9", "2024-01-01", "2024-01-01T00:00:00", "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00", "'", "%2525", "[]", "9223372036854775808",
]  # fmt: skip

PATHS = [
    "%00", "%ff", "..%2f..%2fetc", "x" * 3000, str(uuid4()), str(uuid4()).upper(), "-1",
    "٣", "%0a", "operation:1", "9" * 40, "entry:9" + "9" * 30, "invoice:x", "a%00b",
    "{" + str(uuid4()) + "}", "urn:uuid:" + str(uuid4()),
]  # fmt: skip


def _handlers(api: Api) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in api.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}:
                (verb,) = handler.http_methods - {"HEAD"}
                yield route.path, verb, handler


def _filled(path: str, value: str) -> str:
    return re.sub(r"\{[^}]*\}", value, path)


def _body_of(handler: HTTPRouteHandler) -> type[Body] | None:
    field = handler.parsed_data_field
    kind = field.annotation if field is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, Body) else None


def _role(path: str) -> str:
    """Name a role that may use a route: an administrator, but for what only others may."""
    if path.startswith("/api/v1/queues/"):
        return "program"
    is_payers = path.endswith("/pay") or path == "/api/v1/refund-tickets"
    return "service" if is_payers else "admin"


async def _send(api: Api, verb: str, path: str, content: bytes) -> int:
    answer = await api.client.request(
        verb,
        path,
        content=content,
        headers={
            "Authorization": f"Bearer {api.token(_role(path))}",
            "Idempotency-Key": str(uuid4()),
            "Content-Type": "application/json",
        },
    )
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json", (verb, path)
        assert answer.json()["status"] == answer.status_code
    return answer.status_code


async def _counts(api: Api) -> list[int]:
    return [await api.count(table) for table in _TABLES]


async def test_bodies_that_are_none(api: Api) -> None:
    before = await _counts(api)
    for path, verb, handler in _handlers(api):
        if _body_of(handler) is None and "webhooks" not in path:
            continue
        for content in BODIES:
            status = await _send(api, verb, _filled(path, str(uuid4())), content)
            assert 400 <= status < 500, (verb, path, content[:20], status)
    assert await _counts(api) == before


async def test_fields_that_are_wrong(api: Api) -> None:
    """One field at a time, in a body that is right but for it."""
    customer, price = await api.customer(), await api.price()
    right: dict[str, Any] = {
        "NewCustomer": {"external_id": "c-2"},
        "NewPlan": {"name": "n", "interval": {"count": 1, "unit": "month"}},
        "NewPrice": {"amount_minor": 1, "currency": "RUB"},
        "NewFeature": {"name": "n"},
        "NewSubscription": {
            "price_id": price,
            "provider": api.gateway.code,
            "customer_id": customer,
        },
        "NewInvoice": {
            "customer_id": customer,
            "amount_minor": 1,
            "currency": "RUB",
            "description": "d",
            "reference": "r",
        },
        "NewPayment": {"provider": api.gateway.code},
        "NewRefund": {"reason": "r"},
        "FeatureList": {"features": []},
        "Reasoned": {"reason": "r"},
        "IssuedSubscription": {
            "customer_id": str(uuid4()),
            "price_id": str(uuid4()),
            "provider": "p",
            "days": 1,
            "reason": "r",
        },
        "NewPause": {"reason": "r"},
        "NewEnd": {"reason": "r", "end": "2026-02-01T00:00:00Z"},
        "CancelOrder": {"reason": "r"},
        "NewPlanChange": {"reason": "r", "price_id": str(uuid4())},
        "NewPromotion": {
            "price_id": str(uuid4()),
            "provider": "p",
            "days": 1,
            "reason": "r",
            "external_ids": ["c-1"],
        },
        "Decision": {"reason": "r"},
        "DeadMessages": {"ids": [1], "reason": "r"},
        "NewOrder": {
            "event_id": "e",
            "msisdn": "923001234567",
            "service_code": "tips",
            "source": "landing",
            "said_at": "2026-01-01T00:00:00Z",
        },
        "StopOrder": {"msisdn": "923001234567"},
        "PurgeOrder": {"msisdn": "923001234567", "country_code": "92"},
        "NewPersonBody": {"name": "n"},
        "PersonChangeBody": {},
        "PayoutDestinationBody": {"account": "41001614575714"},
        "NewTaskBody": {"title": "t"},
        "NewAdjustment": {"amount_minor": 1, "currency": "USD", "reason": "r"},
        "NewReversal": {"reason": "r"},
        "NewHold": {"currency": "USD", "is_held": True, "reason": "r"},
        "NewOperator": {
            "wire_id": 41001,
            "name": "n",
            "country_code": "92",
            "country_name": "n",
            "currency": "PKR",
            "time_zone": "Asia/Karachi",
            "protocol": "plain",
        },
        "ServiceTerms": {"name": "n", "plan_id": str(uuid4())},
        "NewCampaign": {"operator": "mobilink", "service_code": "tips"},
        "TextOfTheDay": {"text": "t"},
        "NewClick": {"campaign": "tips", "pixel": "p"},
        "NewPixelSetting": {"publisher": "p", "endpoint": "https://example.com/?p=%pixel%"},
        "NewPublisher": {"pattern": "p.*"},
        "Resend": {"hours": 1},
        "NumbersOfList": {"country_code": "92", "numbers": ["923001234567"]},
        "Assignment": {"subscription_id": str(uuid4()), "note": "n"},
        "Note": {"note": "n"},
        "NewClaim": {},
        "Answers": {
            "lease": str(uuid4()),
            "answers": [{"id": 1, "event_name": "operator_response", "event_data": {}}],
        },
        "Failures": {
            "lease": str(uuid4()),
            "failures": [{"id": 1, "error": "e", "sent": False}],
        },
        "NewEndpoint": {"url": "https://hooks.example.com/", "events": ["*"]},
        "EndpointChange": {"is_enabled": True},
        "ResendFailed": {"since": "2026-01-01T00:00:00Z"},
        "NewTicket": {"payment_id": str(uuid4()), "reason": "duplicate"},
        "TicketApproval": {"note": "n"},
        "NewChallenge": {"purpose": "refund_ticket"},
        "CaptchaAnswer": {"purpose": "refund_ticket", "answer": "a"},
        "RecaptchaToken": {"purpose": "refund_ticket", "response": "r"},
        "NewRenewal": {"lease": str(uuid4()), "ids": [1]},
        "Deliveries": {"messages": [{"id": "1", "event_name": "purge", "event_data": {}}]},
    }
    tried = 0
    for path, verb, handler in _handlers(api):
        kind = _body_of(handler)
        if kind is None:
            continue
        for name in [*kind.__struct_fields__, "surprise"]:
            for value in VALUES:
                content = json.dumps(right[kind.__name__] | {name: value})
                try:
                    msgspec.json.decode(content, type=kind)
                    continue  # the shape allows it; what it means is for other tests
                except (msgspec.DecodeError, UnicodeError):
                    pass
                before = await _counts(api) if tried % 50 == 0 else None
                status = await _send(api, verb, _filled(path, str(uuid4())), content.encode())
                assert status in (400, 413), (verb, path, name, str(value)[:30], status)
                if before is not None:
                    assert await _counts(api) == before
                tried += 1
    assert tried > 700


async def test_fields_that_a_shape_allows_never_break_a_handler(api: Api) -> None:
    """What no shape can refuse: texts of every alphabet, moments at the ends of time."""
    customer, price = await api.customer(), await api.price()
    invoice = await api.invoice(customer)
    texts = ["ﷺ", "\u202eabc", "=1+1", "'; DROP TABLE payment; --", "e\u0301" * 50, "\ufeff", "🧾"]
    codes = ["ZZZ", "XXX", "XAU"]
    zones = ["", "Mars/Base", "../../etc/passwd", "\ufeff", "UTC" * 50]
    moments = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2024-01-01T00:00:00"]
    sent: list[tuple[str, str, Any]] = []
    for text in texts:
        sent += [
            ("POST", "/customers", {"external_id": text, "email": text}),
            ("POST", "/customers", {"external_id": text, "locale": text}),
            ("POST", "/admin/plans", {"name": text, "interval": {"count": 1, "unit": "day"}}),
            ("PUT", "/admin/features/code", {"name": text, "entities": [text]}),
            (
                "POST",
                "/invoices",
                {
                    "customer_id": customer,
                    "amount_minor": 10**15,
                    "currency": "JPY",
                    "description": text,
                    "reference": text,
                },
            ),
            ("POST", f"/admin/payments/{uuid4()}/refund", {"reason": text}),
        ]
    sent += [("POST", "/customers", {"external_id": "z", "time_zone": zone}) for zone in zones]
    for code in codes:
        body = {"amount_minor": 0, "currency": code}
        sent.append(("POST", f"/admin/plans/{uuid4()}/prices", body))
    for moment in moments:
        body = {
            "price_id": price,
            "provider": api.gateway.code,
            "customer_id": customer,
            "starts_at": moment,
        }
        sent.append(("POST", "/subscriptions", body))
        end = {"reason": "r", "end": moment}
        sent.append(("POST", f"/admin/subscriptions/{uuid4()}/end", end))
        later = {"amount_minor": 1, "currency": "RUB", "valid_from": moment}
        sent.append(("POST", f"/admin/plans/{uuid4()}/prices", later))
    listed = {"price_id": price, "provider": api.gateway.code, "days": 1, "reason": "r"}
    sent.append(("POST", "/admin/promotions", listed | {"external_ids": texts}))
    for body in (
        {"provider": "nobody", "return_url": "http://127.0.0.1:8000/"},
        {"provider": api.gateway.code, "return_url": "http://[::1"},
        {"provider": api.gateway.code, "return_url": "http://127.0.0.1:8000@x/"},
        {"provider": api.gateway.code, "return_url": "http://127.0.0.1:99999999/"},
        {"provider": api.gateway.code, "method_id": str(uuid4())},
        {"provider": api.gateway.code},
    ):
        sent.append(("POST", f"/invoices/{invoice}/pay", body))
    for interval in ({"count": 3660, "unit": "year"}, {"count": 3660, "unit": "month"}):
        sent.append(("POST", "/admin/plans", {"name": "long", "interval": interval}))
    for retries in ([60] * 30, [3, 2, 1], [0, 0]):
        body = {"name": "odd", "interval": {"count": 1, "unit": "day"}, "retry_days": retries}
        sent.append(("POST", "/admin/plans", body))
    for verb, path, body in sent:
        role = "service" if path.endswith("/pay") else "admin"
        answer = await api.call(verb, f"/api/v1{path}", body, role=role)
        assert answer.status_code < 500, (verb, path, body, answer.text)
    assert await api.count("payment") == 0


@pytest.mark.parametrize("as_path", [False, True], ids=["query", "path"])
async def test_addresses_that_are_wrong(api: Api, as_path: bool) -> None:
    for path, verb, handler in _handlers(api):
        if verb != "GET" and not as_path:
            continue
        if as_path:
            asked = [_filled(path, value) for value in PATHS] if "{" in path else []
        else:
            names = re.findall(r"'(\w+)'", repr([*handler.parsed_fn_signature.parameters]))
            base = _filled(path, str(uuid4()))
            asked = [f"{base}?{name}={value}" for name in names for value in QUERIES]
        for address in asked:
            status = await _send(api, verb, address, b"{}")
            assert status < 500, (verb, address)
    assert handler.opt[PERMISSION]


async def test_headers_that_are_wrong(api: Api) -> None:
    for name, value in (
        ("X-Request-Id", "x" * 4000),
        ("X-Request-Id", "\xff\xfe"),
        ("Content-Type", "text/xml"),
        ("Content-Type", "multipart/form-data; boundary=x"),
        ("Content-Encoding", "gzip"),
        ("X-Forwarded-For", ",".join(["1.1.1.1"] * 500)),
        ("Accept", "application/x-nothing"),
        ("Idempotency-Key", "\xff"),
    ):
        answer = await api.client.post(
            "/api/v1/customers",
            content=b'{"external_id": "h"}',
            headers={
                b"Authorization": f"Bearer {api.token('service')}".encode(),
                name.encode(): value.encode("latin-1"),
            },
        )
        assert answer.status_code < 500, (name, value, answer.text)
        assert len(answer.headers["x-request-id"]) == 36
