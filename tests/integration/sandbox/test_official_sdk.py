"""The official YooKassa SDK takes the sandbox for YooKassa."""

from uuid import uuid4

import pytest
from yookassa import (
    Configuration,
    Invoice,
    Payment,
    PaymentMethod,
    Receipt,
    Refund,
    Settings,
)
from yookassa.domain.exceptions import (
    BadRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
)

from tests.integration.sandbox.harness import (
    RETURN_URL,
    SHOP_ID,
    Sandbox,
    checkout,
    money,
)
from tests.integration.sandbox.sdk import charge, pay, saved_method

pytestmark = pytest.mark.usefixtures("sdk")


def test_a_payment_is_created_confirmed_and_found() -> None:
    created = Payment.create(checkout("2.00", description="Order 72", metadata={"order": 72.5}))

    assert (created.status, created.paid, created.refundable) == ("pending", False, False)
    assert (str(created.amount.value), created.amount.currency) == ("2.00", "RUB")
    assert created.metadata == {"order": "72.5", "cms_name": "yookassa_sdk_python"}
    assert created.confirmation.return_url == RETURN_URL

    paid = pay(created)
    assert (paid.id, paid.status, paid.paid, paid.refundable) == (
        created.id,
        "succeeded",
        True,
        True,
    )
    assert (paid.payment_method.type, paid.payment_method.card.last4) == ("bank_card", "4477")
    assert paid.payment_method.saved is False
    assert paid.confirmation is None
    assert str(paid.income_amount.value) == "1.93"
    assert paid.authorization_details.three_d_secure.applied


def test_a_saved_method_is_charged_without_its_owner() -> None:
    method_id = saved_method()

    payment = charge(method_id, "349.00")

    assert (payment.status, payment.paid, payment.payment_method.id) == (
        "succeeded",
        True,
        method_id,
    )
    assert payment.id != method_id
    assert not payment.authorization_details.three_d_secure.applied
    assert PaymentMethod.find_one(method_id).status == "active"


def test_a_declined_charge_is_a_canceled_payment_with_a_reason(sandbox: Sandbox) -> None:
    method_id = saved_method()
    sandbox.control.post(f"/methods/{method_id}/revoke")

    payment = charge(method_id)

    assert payment.status == "canceled"
    assert (payment.cancellation_details.party, payment.cancellation_details.reason) == (
        "yoo_money",
        "permission_revoked",
    )
    assert PaymentMethod.find_one(method_id).status == "inactive"


def test_a_held_payment_is_captured_in_part() -> None:
    payment = pay(Payment.create(checkout("100.00", capture=False)))
    assert (payment.status, payment.paid) == ("waiting_for_capture", True)
    assert payment.expires_at == "1997-06-09T12:00:00.000Z"

    captured = Payment.capture(payment.id, {"amount": money("40.00")})

    assert (captured.status, str(captured.amount.value)) == ("succeeded", "40.00")
    assert captured.captured_at == "1997-06-02T12:00:00.000Z"


def test_a_held_payment_is_captured_whole_by_an_empty_request() -> None:
    payment = pay(Payment.create(checkout("100.00", capture=False)))

    assert str(Payment.capture(payment.id).amount.value) == "100.00"


def test_a_held_payment_is_canceled() -> None:
    payment = pay(Payment.create(checkout(capture=False)))

    canceled = Payment.cancel(payment.id)

    assert (canceled.status, canceled.cancellation_details.reason) == (
        "canceled",
        "canceled_by_merchant",
    )
    assert canceled.cancellation_details.party == "merchant"


def test_a_payment_with_autocapture_can_be_neither_captured_nor_canceled() -> None:
    payment = pay(Payment.create(checkout()))

    for verb in ("capture", "cancel"):
        with pytest.raises(BadRequestError) as refused:
            getattr(Payment, verb)(payment.id)
        assert (
            refused.value.content["description"] == f"You can not {verb} payment with autocapture"
        )


def test_all_pages_of_a_list_are_read(sandbox: Sandbox) -> None:
    method_id = saved_method()
    created = [method_id]
    for _ in range(254):
        sandbox.clock.advance(seconds=0.5)
        created.append(charge(method_id).id)

    listed, sizes, cursor = [], [], None
    while True:
        page = Payment.list({"limit": 100, **({"cursor": cursor} if cursor else {})})
        listed += [payment.id for payment in page.items]
        sizes.append(len(page.items))
        cursor = page.next_cursor
        if cursor is None:
            break

    assert sizes == [100, 100, 55]
    assert listed == created[::-1]


def test_a_payment_is_refunded_in_parts() -> None:
    payment = charge(saved_method(), "100.00")

    first = Refund.create({"payment_id": payment.id, "amount": money("30.00")})
    assert (first.status, str(first.amount.value)) == ("succeeded", "30.00")
    half = Payment.find_one(payment.id)
    assert (str(half.refunded_amount.value), half.refundable) == ("30.00", True)

    second = Refund.create({"payment_id": payment.id, "amount": money("70.00")})
    whole = Payment.find_one(payment.id)
    assert (whole.status, str(whole.refunded_amount.value)) == ("succeeded", "100.00")
    assert whole.refundable is False

    listed = Refund.list({"payment_id": payment.id})
    assert [refund.id for refund in listed.items] == [second.id, first.id]
    assert Refund.find_one(first.id).payment_id == payment.id


def test_a_repeated_key_gives_the_same_payment() -> None:
    key, body = str(uuid4()), checkout()

    first, again = Payment.create(body, key), Payment.create(body, key)

    assert again.id == first.id
    assert [payment.id for payment in Payment.list().items] == [first.id]


def test_a_key_used_for_another_request_is_refused() -> None:
    key = str(uuid4())
    Payment.create(checkout("1.00"), key)

    with pytest.raises(BadRequestError) as refused:
        Payment.create(checkout("2.00"), key)

    assert refused.value.content["description"] == "Duplicate idempotence key"
    assert refused.value.content["parameter"] == "Idempotence-Key"


def test_wrong_credentials_are_refused(sandbox: Sandbox) -> None:
    Configuration.configure(SHOP_ID, "wrong", api_url=f"{sandbox.url}/v3")

    with pytest.raises(UnauthorizedError) as refused:
        Settings.get_account_settings()

    assert refused.value.content["code"] == "invalid_credentials"


def test_what_is_not_there_is_not_found() -> None:
    unknown = "23d93cac-000f-5000-8000-126628f15141"

    for kind in (Payment, Refund, PaymentMethod, Receipt, Invoice):
        with pytest.raises(NotFoundError):
            kind.find_one(unknown)


def test_throttling_is_understood(sandbox: Sandbox) -> None:
    sandbox.break_(kind="throttled_429", times=1)

    with pytest.raises(TooManyRequestsError) as refused:
        Settings.get_account_settings()

    assert refused.value.content["retry_after"] == 1800
    assert Settings.get_account_settings().account_id == SHOP_ID
