"""The control API, and the page it sometimes stands in for."""

import pytest

from tests.integration.sandbox.harness import (
    CONTROL_TOKEN,
    RETURN_URL,
    Receiver,
    Sandbox,
    checkout,
    money,
)

ROUTES = [
    ("POST", "/reset"),
    ("GET", "/config"),
    ("PATCH", "/config"),
    ("GET", "/faults"),
    ("POST", "/faults"),
    ("DELETE", "/faults"),
    ("GET", "/payments"),
    ("GET", "/refunds"),
    ("GET", "/payouts"),
    ("POST", "/payouts/x/outcome"),
    ("POST", "/payments/x/outcome"),
    ("POST", "/refunds/x/outcome"),
    ("POST", "/methods/x/revoke"),
    ("POST", "/notifications"),
    ("GET", "/stats"),
    ("GET", "/idle"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("token", [None, "", "wrong", CONTROL_TOKEN + "x"])
def test_every_route_needs_the_token(
    sandbox: Sandbox, method: str, path: str, token: str | None
) -> None:
    payment = sandbox.check_out()
    headers = {} if token is None else {"X-Sandbox-Control": token}

    answer = sandbox.web.request(
        method, f"{sandbox.url}/sandbox/control{path}", headers=headers, json={}
    )

    assert answer.status_code == 401
    assert [line["id"] for line in sandbox.books()] == [payment["id"]]


def test_a_reset_forgets_objects_and_configuration(sandbox: Sandbox) -> None:
    payment = sandbox.paid()
    sandbox.configure(decline_percent=50)
    sandbox.break_(kind="latency_before")

    sandbox.control.post("/reset", json={})

    assert sandbox.api.get(f"/payments/{payment['id']}").status_code == 404
    assert sandbox.books() == []
    assert sandbox.control.get("/config").json()["decline_percent"] == 0
    assert sandbox.control.get("/faults").json() == []
    assert sandbox.check_out()["id"] != payment["id"]


def test_a_reset_may_keep_the_configuration(sandbox: Sandbox) -> None:
    sandbox.configure(decline_percent=50)

    sandbox.control.post("/reset", json={"keep_config": True})

    assert sandbox.control.get("/config").json()["decline_percent"] == 50


@pytest.mark.parametrize(
    "patch",
    [
        {"decline_percent": 101},
        {"no_such_setting": 1},
        {"decline_reasons": {"bad_weather": 1}},
        {"decline_reasons": {}},
        {"notifications": {"events": ["payment.lost"]}},
        {"notifications": {"urls": "x"}},
        {"notifications": {"retry_seconds": []}},
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    sandbox: Sandbox, patch: dict[str, object]
) -> None:
    before = sandbox.control.get("/config").json()

    assert sandbox.control.patch("/config", json=patch).status_code == 400
    assert sandbox.control.get("/config").json() == before


def test_the_books_name_every_payment_once(sandbox: Sandbox) -> None:
    method = sandbox.paid("1.00", save_payment_method=True)["id"]
    charged = [sandbox.charge(method, f"{n + 1}.50", metadata={"n": n}) for n in range(1100)]
    sandbox.refund(charged[9]["id"], "10.50")

    books = sandbox.books()

    assert [line["id"] for line in books] == [method, *(each["id"] for each in charged)]
    assert books[10] == {
        "id": charged[9]["id"],
        "status": "succeeded",
        "amount": "10.50",
        "currency": "RUB",
        "amount_minor": 1050,
        "refunded_minor": 1050,
        "created_at": charged[9]["created_at"],
        "captured_at": charged[9]["captured_at"],
        "reason": None,
        "metadata": {"n": "9"},
    }
    total = sandbox.stats()["payments"]
    assert [(each["status"], each["count"]) for each in total] == [("succeeded", 1101)]
    assert total[0]["amount_minor"] == sum(line["amount_minor"] for line in books)
    assert total[0]["refunded_minor"] == 1050


def test_a_payment_is_forced(sandbox: Sandbox) -> None:
    ids = [sandbox.check_out()["id"] for _ in range(3)]
    outcomes = [{"outcome": "pay"}, {"outcome": "decline", "reason": "x"}, {"outcome": "expire"}]

    for payment_id, outcome in zip(ids, outcomes, strict=True):
        sandbox.control.post(f"/payments/{payment_id}/outcome", json=outcome)

    assert [(line["status"], line["reason"]) for line in sandbox.books()] == [
        ("succeeded", None),
        ("canceled", "x"),
        ("canceled", "expired_on_confirmation"),
    ]
    again = sandbox.control.post(f"/payments/{ids[0]}/outcome", json={"outcome": "decline"})
    assert again.status_code == 409
    unknown = sandbox.control.post("/payments/unknown/outcome", json={"outcome": "pay"})
    assert unknown.status_code == 404


def test_a_held_payment_is_forced_to_be_captured(sandbox: Sandbox) -> None:
    held = sandbox.paid(capture=False)

    sandbox.control.post(f"/payments/{held['id']}/outcome", json={"outcome": "pay"})

    assert sandbox.get(f"/payments/{held['id']}")["status"] == "succeeded"


def test_a_revoked_method_is_declined(sandbox: Sandbox) -> None:
    method = sandbox.paid(save_payment_method=True)["id"]

    revoked = sandbox.control.post(f"/methods/{method}/revoke").json()

    assert (revoked["status"], revoked["saved"]) == ("inactive", False)
    charged = sandbox.charge(method)
    assert charged["cancellation_details"] == {
        "party": "yoo_money",
        "reason": "permission_revoked",
    }


class TestPage:
    def page(self, sandbox: Sandbox, payment: dict[str, object], language: str = "en") -> str:
        url = payment["confirmation"]["confirmation_url"]  # type: ignore[index]
        answer = sandbox.web.get(url, headers={"Accept-Language": language})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        return answer.text

    def test_it_speaks_the_language_of_the_payer(self, sandbox: Sandbox) -> None:
        payment = sandbox.check_out("349.00")

        assert ">Pay</button>" in self.page(sandbox, payment)
        assert ">Оплатить</button>" in self.page(sandbox, payment, "de, ru-RU;q=0.8, en;q=0.5")
        assert "349.00 RUB" in self.page(sandbox, payment)

    def test_it_lists_the_cards_and_loads_nothing(self, sandbox: Sandbox) -> None:
        page = self.page(sandbox, sandbox.check_out())

        assert page.index("5555555555554477") < page.index("5555555555554444")
        assert "5555555555554600: insufficient_funds" in page
        assert "<script" not in page
        assert "http" not in page

    def test_it_shows_text_as_text(self, sandbox: Sandbox) -> None:
        page = self.page(sandbox, sandbox.check_out(description="<script>alert(1)</script>"))

        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page

    def test_a_decision_is_made_once(self, sandbox: Sandbox) -> None:
        payment = sandbox.check_out()
        url = payment["confirmation"]["confirmation_url"]

        first = sandbox.web.post(url, data={"action": "decline"})
        again = sandbox.web.post(url, data={"action": "pay"})

        assert (first.status_code, first.headers["location"]) == (303, RETURN_URL)
        assert again.status_code == 409
        shown = sandbox.get(f"/payments/{payment['id']}")
        assert shown["cancellation_details"]["reason"] == "general_decline"
        assert "canceled" in self.page(sandbox, payment)

    def test_a_program_may_decide_too(self, sandbox: Sandbox) -> None:
        payment = sandbox.check_out()

        answer = sandbox.decide(payment["id"], action="decline", reason="3d_secure_failed")

        assert answer.json() == {
            "id": payment["id"],
            "status": "canceled",
            "return_url": RETURN_URL,
        }
        shown = sandbox.get(f"/payments/{payment['id']}")
        assert shown["cancellation_details"]["reason"] == "3d_secure_failed"

    @pytest.mark.parametrize("body", [b"{", b"[]", b'{"action":"steal"}', b'{"card":5}'])
    def test_an_unreadable_decision_decides_nothing(self, sandbox: Sandbox, body: bytes) -> None:
        payment = sandbox.check_out()
        url = payment["confirmation"]["confirmation_url"]

        answer = sandbox.web.post(url, content=body, headers={"Content-Type": "application/json"})

        assert answer.status_code == 400
        assert sandbox.get(f"/payments/{payment['id']}")["status"] == "pending"

    def test_an_unknown_payment_has_no_page(self, sandbox: Sandbox) -> None:
        url = f"{sandbox.url}/sandbox/yookassa/confirm/unknown"

        assert sandbox.web.get(url).status_code == 404
        assert sandbox.web.post(url, json={}).status_code == 404

    def test_a_card_may_be_saved_at_a_page(self, notified: Sandbox, receiver: Receiver) -> None:
        confirmation = {"type": "redirect", "return_url": RETURN_URL}
        body = {"type": "bank_card", "confirmation": confirmation}
        method = notified.post("/payment_methods", body).json()
        url = method["confirmation"]["confirmation_url"]
        assert ">Save</button>" in notified.web.get(url).text

        answer = notified.web.post(url, json={"card": "2200111100000016"})

        assert answer.json() == {
            "id": method["id"],
            "status": "active",
            "return_url": RETURN_URL,
        }
        assert receiver.wait_for(1)[0]["event"] == "payment_method.active"
        declined = notified.charge(method["id"])
        assert declined["cancellation_details"]["reason"] == "card_expired"

    def test_a_card_that_declines_is_not_saved(self, sandbox: Sandbox) -> None:
        method = sandbox.post("/payment_methods", {"type": "bank_card"}).json()

        sandbox.web.post(
            method["confirmation"]["confirmation_url"], json={"card": "5555555555554600"}
        )

        assert sandbox.get(f"/payment_methods/{method['id']}")["status"] == "inactive"
        body = {"amount": money("1.00"), "payment_method_id": method["id"]}
        assert sandbox.post("/payments", body).json()["status"] == "canceled"


def test_other_ways_to_confirm_are_offered(sandbox: Sandbox) -> None:
    shown = {
        kind: sandbox.post("/payments", {**checkout(), "confirmation": {"type": kind}}).json()
        for kind in ("embedded", "external", "qr")
    }

    assert shown["embedded"]["confirmation"]["confirmation_token"].startswith("ct-")
    assert shown["external"]["confirmation"] == {"type": "external"}
    assert shown["qr"]["confirmation"]["confirmation_data"].startswith("http")
