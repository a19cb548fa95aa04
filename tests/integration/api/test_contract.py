"""The published description says what is true of every route."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.api.conftest import Api

ACTS_ONCE = {
    "/api/v1/admin/accounts/payout-runs",
    "/api/v1/admin/promotions",
    "/api/v1/admin/subscriptions",
    "/api/v1/admin/subscriptions/{subscription_id}/pause",
    "/api/v1/admin/subscriptions/{subscription_id}/resume",
    "/api/v1/admin/subscriptions/{subscription_id}/end",
    "/api/v1/admin/subscriptions/{subscription_id}/cancel",
    "/api/v1/admin/subscriptions/{subscription_id}/plan",
    "/api/v1/admin/subscriptions/{subscription_id}/plan-now",
    "/api/v1/admin/subscriptions/{subscription_id}/keep-plan",
    "/api/v1/admin/accounts/operations/{operation_id}/reversal",
    "/api/v1/admin/accounts/{person_id}/adjustments",
    "/api/v1/admin/payments/{payment_id}/accept",
    "/api/v1/admin/payments/{payment_id}/return",
    "/api/v1/admin/payments/{payment_id}/refund",
    "/api/v1/admin/refund-tickets/{ticket_id}/approve",
    "/api/v1/refund-tickets",
    "/api/v1/admin/plans",
    "/api/v1/admin/plans/{plan_id}/prices",
    "/api/v1/invoices",
    "/api/v1/invoices/{invoice_id}/pay",
    "/api/v1/people",
    "/api/v1/subscriptions",
    "/api/v1/tasks",
    "/api/v1/tasks/reassign",
}


@pytest.fixture
async def document(api: Api) -> Any:
    answer = await api.client.get("/api/v1/openapi.json")
    assert "json" in answer.headers["content-type"]
    return answer.json()


def _operations(document: Any) -> Any:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            yield path, verb, operation


async def test_the_description_is_openapi_3_1_and_loads_nothing_from_elsewhere(
    api: Api, document: Any
) -> None:
    assert document["openapi"].startswith("3.1")
    for page in ("", "/swagger", "/redoc", "/scalar", "/rapidoc", "/elements", "/openapi.yaml"):
        for prefix in ("/schema", "/api/v1"):
            answer = await api.client.get(prefix + page)
            assert "html" not in answer.headers["content-type"], prefix + page


async def test_every_operation_says_what_it_answers_and_how_it_refuses(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert {"Problem", "Invoice", "Invoices", "Subscription", "Payment"} <= set(schemas)
    assert all(name.isalnum() for name in schemas), "a name that needs its module is no name"
    for path, verb, operation in _operations(document):
        good = [code for code in operation["responses"] if code.startswith("2")]
        assert len(good) == 1, (path, verb)
        for code, answer in operation["responses"].items():
            if code.startswith("4"):
                told = answer["content"]["application/problem+json"]["schema"]
                assert told == {"$ref": "#/components/schemas/Problem"}, (path, verb, code)
                assert len(answer["content"]) == 1, (path, verb, code)
        assert operation["summary"], (path, verb)


async def test_every_reference_of_the_description_leads_somewhere(document: Any) -> None:
    def references(part: Any) -> Any:
        if isinstance(part, dict):
            if "$ref" in part:
                yield part["$ref"]
            for item in part.values():
                yield from references(item)
        elif isinstance(part, list):
            for item in part:
                yield from references(item)

    found = set(references(document))
    assert len(found) > 25
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert found <= known


async def test_every_post_that_acts_once_takes_a_key(document: Any) -> None:
    keyed = {
        path
        for path, verb, operation in _operations(document)
        if any(p["name"] == "Idempotency-Key" for p in operation.get("parameters", ()))
    }
    assert keyed == ACTS_ONCE


async def test_only_public_operations_go_without_a_token(api: Api, document: Any) -> None:
    tried = 0
    for path, verb, operation in _operations(document):
        if verb == "post" and path.startswith("/webhooks"):
            continue
        filled = re.sub(r"\{[^}]*\}", str(uuid4()), path)
        answer = await api.client.request(verb.upper(), filled)
        assert (answer.status_code != 401) == (operation.get("security") == [{}]), (path, verb)
        tried += 1
    assert tried > 40
