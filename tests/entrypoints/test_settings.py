"""Settings say at the start what is wrong with them, in one sentence, and tell no secret."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from entrypoints.deployment import stripe_settings
from entrypoints.settings import (
    DEVELOPMENT_KEY,
    PayoutMethod,
    Settings,
    WrongSetting,
    names,
    read_settings,
)

EXAMPLE = Path(__file__).parents[2] / ".env.example"
PRODUCTION = {
    "KAZNA_ENVIRONMENT": "production",
    "KAZNA_DATABASE_URL": "postgresql://kazna:hunter2@db/kazna",
    "KAZNA_REDIS_URL": "redis://:hunter2@redis/0",
    "KAZNA_TOKEN_KEY": "k" * 32,
    "KAZNA_PRICING_KEY": "p" * 32,
    "KAZNA_SEALING_KEYS": "s" * 32,
}


def test_nothing_has_to_be_said_in_development() -> None:
    assert read_settings({"PATH": "/bin"}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAZNA_ENVIRONMENT", "prod"),
        ("KAZNA_DATABASE_URL", "mysql://127.0.0.1/kazna"),
        ("KAZNA_DATABASE_URL", "postgresql:"),
        ("KAZNA_REDIS_URL", "127.0.0.1:6379"),
        ("KAZNA_CLOCK", "sundial"),
        ("KAZNA_BILLING_TIME_ZONE", "Moscow"),
        ("KAZNA_BILLING_TIME_ZONE", "../../etc/passwd"),
        ("KAZNA_API_PORT", "0"),
        ("KAZNA_API_PORT", "65536"),
        ("KAZNA_API_PORT", "８０００"),
        ("KAZNA_API_PORT", "-1"),
        ("KAZNA_API_HOST", " "),
        ("KAZNA_PUBLIC_URL", "ftp://shop.example"),
        ("KAZNA_RETURN_ORIGINS", "https://shop.example,evil"),
        ("KAZNA_TOKEN_KEY", "short"),
        ("KAZNA_TOKEN_MINUTES", "1e2"),
        ("KAZNA_YOOKASSA_NETWORKS", "185.71.76.1/27"),
        ("KAZNA_YOOKASSA_TEST", "yes"),
        ("KAZNA_LOG_LEVEL", "loud"),
        ("KAZNA_PAYOUT_METHOD", "pigeon"),
        ("KAZNA_TOKEN_KEY_FILE", "/nowhere/at/all"),
    ],
)
def test_a_wrong_value_is_named_in_one_sentence(name: str, value: str) -> None:
    with pytest.raises(WrongSetting, match=rf"^{name} must be [^\n]+$"):
        read_settings({name: value})


@pytest.mark.parametrize("name", ["KAZNA_DATABSE_URL", "KAZNA_API_PORT_FILE", "KAZNA_"])
def test_a_setting_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(WrongSetting, match=f"there is no setting {name};"):
        read_settings({name: "1"})


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("s" * 40 + "\n")
    assert read_settings({"KAZNA_TOKEN_KEY_FILE": str(file)}).token_key == "s" * 40


@pytest.mark.parametrize(
    "missing",
    [
        "KAZNA_DATABASE_URL",
        "KAZNA_REDIS_URL",
        "KAZNA_TOKEN_KEY",
        "KAZNA_PRICING_KEY",
        "KAZNA_SEALING_KEYS",
    ],
)
def test_production_takes_no_default_for_what_matters(missing: str) -> None:
    assert read_settings(PRODUCTION).is_production
    with pytest.raises(WrongSetting, match=f"{missing} must be set in production"):
        read_settings({name: value for name, value in PRODUCTION.items() if name != missing})


def test_production_refuses_the_clock_that_is_moved_by_hand_and_the_key_everybody_knows() -> None:
    with pytest.raises(WrongSetting, match="KAZNA_CLOCK must be system in production"):
        read_settings(PRODUCTION | {"KAZNA_CLOCK": "virtual"})
    with pytest.raises(WrongSetting, match="KAZNA_TOKEN_KEY must be a key of your own"):
        read_settings(PRODUCTION | {"KAZNA_TOKEN_KEY": DEVELOPMENT_KEY})
    for key in (DEVELOPMENT_KEY, PRODUCTION["KAZNA_TOKEN_KEY"]):
        with pytest.raises(WrongSetting, match="KAZNA_PRICING_KEY must be a key of its own"):
            read_settings(PRODUCTION | {"KAZNA_PRICING_KEY": key})
    for key in (DEVELOPMENT_KEY, PRODUCTION["KAZNA_TOKEN_KEY"], PRODUCTION["KAZNA_PRICING_KEY"]):
        with pytest.raises(WrongSetting, match="KAZNA_SEALING_KEYS must be keys of their own"):
            read_settings(PRODUCTION | {"KAZNA_SEALING_KEYS": f"{'n' * 32},{key}"})


def test_half_a_shop_is_refused() -> None:
    for name in (
        "KAZNA_YOOKASSA_SHOP_ID",
        "KAZNA_YOOKASSA_SECRET",
        "KAZNA_CLOUDPAYMENTS_PUBLIC_ID",
        "KAZNA_CLOUDPAYMENTS_SECRET",
    ):
        with pytest.raises(WrongSetting, match="must be set together"):
            read_settings({name: "100500"})


def test_half_a_payouts_gateway_is_refused() -> None:
    for name in ("KAZNA_YOOKASSA_PAYOUT_AGENT", "KAZNA_YOOKASSA_PAYOUT_SECRET"):
        with pytest.raises(WrongSetting, match="must be set together"):
            read_settings({name: "500500"})


def test_production_pays_nobody_with_money_that_is_not_there() -> None:
    method = PRODUCTION | {"KAZNA_PAYOUT_METHOD": "yookassa", "KAZNA_TASK_CURRENCY": "RUB"}
    gateway = {
        "KAZNA_YOOKASSA_PAYOUT_AGENT": "500500",
        "KAZNA_YOOKASSA_PAYOUT_SECRET": "secret",
    }
    assert read_settings(method | gateway).payout_method is PayoutMethod.YOOKASSA
    with pytest.raises(WrongSetting, match="KAZNA_YOOKASSA_PAYOUT_AGENT must be set with"):
        read_settings(method)
    with pytest.raises(WrongSetting, match="KAZNA_YOOKASSA_TEST must be false in production"):
        read_settings(method | gateway | {"KAZNA_YOOKASSA_TEST": "true"})
    with pytest.raises(WrongSetting, match="KAZNA_TASK_CURRENCY must be RUB"):
        read_settings(method | gateway | {"KAZNA_TASK_CURRENCY": "USD"})


def test_half_an_account_is_refused() -> None:
    for name in ("KAZNA_STRIPE_SECRET", "KAZNA_STRIPE_WEBHOOK_SECRET"):
        with pytest.raises(WrongSetting, match="must be set together"):
            read_settings({name: "sk_test_0123456789"})


def test_an_account_at_stripe_has_the_mode_of_its_key() -> None:
    given = {
        "KAZNA_STRIPE_SECRET": "sk_test_0123456789",
        "KAZNA_STRIPE_WEBHOOK_SECRET": "whsec_the_old_one, whsec_the_new_one",
    }

    stripe = stripe_settings(read_settings(given))

    assert stripe is not None
    assert stripe.test_mode
    assert stripe.webhook_secrets == ("whsec_the_old_one", "whsec_the_new_one")
    assert stripe_settings(read_settings({})) is None
    with pytest.raises(WrongSetting, match=r"KAZNA_STRIPE_\*: the secret key begins with") as wrong:
        stripe_settings(read_settings(given | {"KAZNA_STRIPE_SECRET": "canary_0123456789"}))
    assert "canary" not in str(wrong.value)


def test_every_provider_that_is_offered_can_be_loaded() -> None:
    project = tomllib.loads((EXAMPLE.parent / "pyproject.toml").read_text())["project"]
    offered = project["entry-points"]["kazna.providers"]

    for name, place in offered.items():
        assert callable(EntryPoint(name, place, "kazna.providers").load())


def test_secrets_are_never_printed() -> None:
    settings = read_settings(
        PRODUCTION
        | {
            "KAZNA_YOOKASSA_SHOP_ID": "100500",
            "KAZNA_YOOKASSA_SECRET": "canary-1",
            "KAZNA_CLOUDPAYMENTS_PUBLIC_ID": "pk_1",
            "KAZNA_CLOUDPAYMENTS_SECRET": "canary-3",
            "KAZNA_SANDBOX_TOKEN": "canary-2",
            "KAZNA_YOOKASSA_PAYOUT_AGENT": "500500",
            "KAZNA_YOOKASSA_PAYOUT_SECRET": "canary-3",
            "KAZNA_STRIPE_SECRET": "canary-3",
            "KAZNA_STRIPE_WEBHOOK_SECRET": "canary-4,canary-5",
        }
    )
    for secret in ("hunter2", "kkkk", "canary"):
        assert secret not in f"{settings!r} {settings}"
    with pytest.raises(WrongSetting) as refused:
        read_settings({"KAZNA_DATABASE_URL": "mysql://canary@db"})
    assert "canary" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_the_example_names_every_setting_and_its_default() -> None:
    lines = [line.removeprefix("#") for line in EXAMPLE.read_text().splitlines()]
    example = dict(line.split("=", 1) for line in lines if line.startswith("KAZNA_"))
    assert sorted(example) == sorted(names())
    defaults, told = Settings(), read_settings(example)
    for name in names():
        field = name.removeprefix("KAZNA_").lower()
        if getattr(defaults, field) is not None:
            assert getattr(told, field) == getattr(defaults, field), name
