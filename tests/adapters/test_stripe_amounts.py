"""Amounts in Stripe's units, codes in neutral words, and settings that cannot work."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers.stripe import StripeSettings
from adapters.providers.stripe.amounts import to_amount, to_money
from adapters.providers.stripe.forms import encode
from adapters.providers.stripe.reasons import REASONS, decline_for, decline_of
from adapters.providers.stripe.wire import PaymentError
from domain.payments.declines import Advice, DeclineReason
from domain.shared.errors import InvalidValue
from domain.shared.money import Money


@pytest.mark.parametrize(
    ("money", "amount"),
    [
        (Money.of(1099, "USD"), 1099),
        (Money.of(500, "JPY"), 500),
        (Money.of(5124, "KWD"), 5124),
        (Money.of(5, "ISK"), 500),
        (Money.of(5, "UGX"), 500),
        (Money.of(700, "MGA"), 7),
    ],
    ids=str,
)
def test_an_amount_is_written_in_stripes_units_and_read_back(money: Money, amount: int) -> None:
    assert to_amount(money) == amount
    assert to_money(amount, money.currency.code.lower()) == money


def test_what_the_other_side_cannot_count_is_refused_and_never_rounded() -> None:
    with pytest.raises(InvalidValue):
        to_amount(Money.of(750, "MGA"))
    with pytest.raises(InvalidValue):
        to_money(501, "isk")
    with pytest.raises(InvalidValue):
        to_money(1, "not a currency")


@given(
    st.integers(min_value=0, max_value=10**15),
    st.sampled_from(["USD", "RUB", "JPY", "KWD", "ISK", "UGX", "BHD", "KRW"]),
)
def test_no_amount_changes_on_its_way_there_and_back(minor: int, code: str) -> None:
    money = Money.of(minor, code)

    assert to_money(to_amount(money), code.lower()) == money


@pytest.mark.parametrize(
    ("error", "reason", "raw"),
    [
        (PaymentError(code="card_declined", decline_code="insufficient_funds"),
         DeclineReason.INSUFFICIENT_FUNDS, "insufficient_funds"),
        (PaymentError(code="expired_card"), DeclineReason.EXPIRED_CARD, "expired_card"),
        (PaymentError(code="card_declined"), DeclineReason.ISSUER_DECLINED, "card_declined"),
        (PaymentError(code="authentication_required", decline_code="authentication_required"),
         DeclineReason.AUTHENTICATION, "authentication_required"),
        (PaymentError(code="card_declined", decline_code="a_new_one"),
         DeclineReason.UNRECOGNIZED, "a_new_one"),
        (PaymentError(), DeclineReason.UNRECOGNIZED, ""),
    ],
)  # fmt: skip
def test_the_banks_own_word_comes_before_stripes(
    error: PaymentError, reason: DeclineReason, raw: str
) -> None:
    decline = decline_for(error)

    assert (decline.reason, decline.raw_code) == (reason, raw)


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("insufficient_funds", Advice.RETRY_LATER),
        ("issuer_not_available", Advice.RETRY_LATER),
        ("card_velocity_exceeded", Advice.RETRY_LATER),
        ("expired_card", Advice.NEW_METHOD),
        ("incorrect_cvc", Advice.NEW_METHOD),
        ("stolen_card", Advice.NEVER),
        ("fraudulent", Advice.NEVER),
        ("revocation_of_all_authorizations", Advice.NEVER),
        ("stop_payment_order", Advice.NEVER),
        ("authentication_required", Advice.USER_ACTION),
        ("nobody_knows_this", Advice.USER_ACTION),
    ],
)
def test_a_code_decides_what_may_follow(code: str, advice: Advice) -> None:
    assert decline_of(code).advice is advice


def test_every_reason_a_card_can_be_declined_for_has_a_code() -> None:
    never = {DeclineReason.POSTPAID, DeclineReason.BLACKLISTED, DeclineReason.UNRECOGNIZED}

    assert set(REASONS.values()) == set(DeclineReason) - never


def test_nested_fields_become_brackets_in_their_order() -> None:
    fields = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": {"unit_amount": 5}}],
        "off_session": True,
        "confirm": False,
        "left_out": None,
        "metadata": {"кто": "я & ты=мы"},
        "expand": ("a.b", "c"),
    }

    assert encode(fields) == (
        b"mode=payment&line_items%5B0%5D%5Bquantity%5D=1"
        b"&line_items%5B0%5D%5Bprice_data%5D%5Bunit_amount%5D=5&off_session=true&confirm=false"
        b"&metadata%5B%D0%BA%D1%82%D0%BE%5D=%D1%8F+%26+%D1%82%D1%8B%3D%D0%BC%D1%8B"
        b"&expand%5B0%5D=a.b&expand%5B1%5D=c"
    )


GOOD = {"secret": "sk_live_51Habcdefgh", "webhook_secrets": ("whsec_12345678",)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"secret": "pk_live_51Habcdefgh"},
        {"secret": "sk_51Habcdefgh"},
        {"secret": ""},
        {"secret": "sk_live_ключключ"},
        {"webhook_secrets": ()},
        {"webhook_secrets": ("whsec_12345678", "")},
        {"webhook_secrets": ("whsec with a space",)},
        {"base_url": "http://api.stripe.com/v1"},
        {"base_url": "ftp://api.stripe.com"},
        {"tolerance_seconds": 0},
    ],
)
def test_settings_that_cannot_work_stop_the_start_and_name_no_secret(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r".+") as refused:
        StripeSettings(**{**GOOD, **wrong})
    assert "51H" not in str(refused.value)


def test_the_mode_is_a_property_of_the_key_and_keys_are_never_shown() -> None:
    live = StripeSettings(**GOOD)  # type: ignore[arg-type]
    test = StripeSettings(**{**GOOD, "secret": "rk_test_51Habcdefgh"})  # type: ignore[arg-type]

    assert (live.test_mode, test.test_mode) == (False, True)
    assert "51H" not in f"{live!r}{test}"
    assert "whsec" not in f"{live!r}{test}"
