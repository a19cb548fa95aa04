"""The settings of a deployment: read once from `KAZNA_*`, checked at once, frozen ever after.

Secrets may come from a file instead: `KAZNA_TOKEN_KEY_FILE=/run/secrets/key`. A value that cannot
be right stops the start with one sentence that names the variable and what is expected.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from adapters.providers.cloudpayments import API_URL as CLOUDPAYMENTS_URL
from adapters.providers.yookassa import WEBHOOK_NETWORKS
from domain.payments.receipt import MODES, SUBJECTS
from entrypoints import readers as read

PREFIX = "KAZNA_"
_FILE = "_FILE"
# Tests find their servers by these; they are no settings of a deployment.
_FOREIGN = ("KAZNA_TEST_",)
_TOGETHER = (
    ("yookassa_shop_id", "yookassa_secret"),
    ("cloudpayments_public_id", "cloudpayments_secret"),
    ("stripe_secret", "stripe_webhook_secret"),
    ("yookassa_payout_agent", "yookassa_payout_secret"),
    ("smtp_url", "mail_from"),
    ("recaptcha_secret", "recaptcha_hosts"),
)
DEVELOPMENT_KEY = "development-only-key-that-signs-nothing-of-value"


class WrongSetting(ValueError):
    """A setting is missing, unknown or cannot be right; the text is one sentence."""


class Environment(StrEnum):
    """What the deployment is for."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class ClockKind(StrEnum):
    """Where business time comes from."""

    SYSTEM = "system"
    VIRTUAL = "virtual"


class PayoutMethod(StrEnum):
    """How payouts leave: on the books alone, or through a provider."""

    LEDGER = "ledger"
    YOOKASSA = "yookassa"


def setting(reader: Callable[[str], Any], about: str, default: Any = MISSING, **more: Any) -> Any:
    """Declare a setting: how it is read, what it is, and what it is when nothing is said."""
    secret = more.pop("secret", False)
    return field(
        default=default,
        repr=not secret,
        metadata={"read": reader, "about": about, "secret": secret},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process needs to know of its deployment."""

    environment: Environment = setting(
        read.choice(Environment), "development, test or production", Environment.DEVELOPMENT
    )
    database_url: str | None = setting(
        read.address("postgresql", "postgres"),
        "PostgreSQL 15 or later; without it an embedded server is started",
        None,
        secret=True,
    )
    redis_url: str | None = setting(
        read.address("redis", "rediss"),
        "Redis; without it an embedded server is started",
        None,
        secret=True,
    )
    data_folder: Path = setting(
        lambda value: Path(read.text(value)),
        "where embedded servers, the virtual clock and the sandbox keep their files",
        Path(".kazna"),
    )
    clock: ClockKind = setting(
        read.choice(ClockKind),
        "system, or virtual: a clock that is moved by hand, refused in production",
        ClockKind.SYSTEM,
    )
    billing_time_zone: ZoneInfo = setting(
        read.zone, "whose calendar days and months bill and post", ZoneInfo("Europe/Moscow")
    )
    api_host: str = setting(read.text, "the address the API listens on", "127.0.0.1")
    api_port: int = setting(read.number(1, 65535), "the port the API listens on", 8000)
    public_url: str = setting(
        read.address("http", "https"), "how payers reach the API", "http://127.0.0.1:8000"
    )
    return_origins: tuple[str, ...] = setting(
        read.origins,
        "origins a payer may be returned to after paying, separated by commas",
        ("http://127.0.0.1:8000",),
    )
    trusted_proxies: int = setting(
        read.number(0, 10), "how many proxies in front of the API are ours", 0
    )
    token_key: str = setting(
        read.key, "signs bearer tokens; required in production", DEVELOPMENT_KEY, secret=True
    )
    token_minutes: int = setting(read.number(1, 60 * 24 * 365), "how long a token lives", 10)
    worker_host: str = setting(read.text, "the address a worker shows its metrics at", "127.0.0.1")
    worker_port: int = setting(
        read.number(0, 65535), "the port of /metrics and /cqr of a worker; 0 for none", 50305
    )
    pool_size: int = setting(read.number(1, 200), "database connections of a process", 10)
    payment_waiting_days: int = setting(
        read.number(1, 365), "after how many days an unfinished payment expires", 7
    )
    invoice_due_days: int = setting(
        read.number(1, 365), "within how many days to pay an invoice", 7
    )
    refund_limit_minor: int = setting(
        read.number(0, 10**15),
        "how much of a payment may go back on one person's word, in minor units",
        100_000,
    )
    gateway_concurrency: int = setting(
        read.number(1, 500), "calls to gateways one batch makes at once", 16
    )
    receipt_vat_code: int | None = setting(
        read.number(1, 12), "the VAT code of fiscal receipts; without it none are sent", None
    )
    receipt_subject: str = setting(read.text, "what is sold, in the words of 54-FZ", "service")
    receipt_mode: str = setting(
        read.text, "how it is paid for, in the words of 54-FZ", "full_payment"
    )
    yookassa_shop_id: str | None = setting(
        read.text, "the shop at YooKassa; without it YooKassa is not offered", None
    )
    yookassa_secret: str | None = setting(read.text, "the shop's secret key", None, secret=True)
    yookassa_url: str = setting(
        read.address("http", "https"), "where YooKassa answers", "https://api.yookassa.ru/v3"
    )
    yookassa_test: bool = setting(read.flag, "true when the shop is YooKassa's test shop", False)
    yookassa_networks: tuple[str, ...] = setting(
        read.networks, "networks YooKassa's notifications come from", WEBHOOK_NETWORKS
    )
    payout_method: PayoutMethod = setting(
        read.choice(PayoutMethod),
        "ledger: payouts are settled on the books; yookassa: YooKassa brings them to wallets",
        PayoutMethod.LEDGER,
    )
    yookassa_payout_agent: str | None = setting(
        read.text, "the id of the payouts gateway at YooKassa", None
    )
    yookassa_payout_secret: str | None = setting(
        read.text, "the payouts gateway's secret key", None, secret=True
    )
    cloudpayments_public_id: str | None = setting(
        read.text, "the terminal's public id; without it CloudPayments is not offered", None
    )
    cloudpayments_secret: str | None = setting(
        read.text, "the terminal's API secret; it signs notifications too", None, secret=True
    )
    cloudpayments_url: str = setting(
        read.address("http", "https"), "where CloudPayments answers", CLOUDPAYMENTS_URL
    )
    cloudpayments_test: bool = setting(
        read.flag, "true when the terminal is in CloudPayments' test mode", False
    )
    stripe_secret: str | None = setting(
        read.text,
        "the secret key of the account at Stripe; without it Stripe is not offered",
        None,
        secret=True,
    )
    stripe_webhook_secret: tuple[str, ...] | None = setting(
        read.several,
        "what Stripe signs events with; while it is rolled, the old and the new, with a comma",
        None,
        secret=True,
    )
    stripe_url: str = setting(
        read.address("http", "https"), "where Stripe answers", "https://api.stripe.com/v1"
    )
    recaptcha_secret: str | None = setting(
        read.text,
        "the secret of a reCAPTCHA v3 site; without it captchas are images",
        None,
        secret=True,
    )
    recaptcha_hosts: tuple[str, ...] | None = setting(
        read.hosts, "hosts whose pages may solve it, separated by commas", None
    )
    recaptcha_score: int = setting(
        read.number(0, 100), "the least score that convinces, in hundredths", 50
    )
    recaptcha_url: str = setting(
        read.address("http", "https"),
        "where reCAPTCHA answers",
        "https://www.google.com/recaptcha/api",
    )
    operator_secrets: Mapping[str, Mapping[str, str]] | None = setting(
        read.secrets,
        "the operators' secrets, as JSON by operator code and name",
        None,
        secret=True,
    )
    postback_hosts: tuple[str, ...] = setting(
        read.hosts, "hosts that postbacks go to, such as *.example.com, separated by commas", ()
    )
    task_currency: str = setting(
        read.currency, "the currency tasks are priced in, for good once the first one is", "USD"
    )
    pricing_key: str = setting(
        read.key,
        "tasks are priced with it, for good; required in production",
        DEVELOPMENT_KEY,
        secret=True,
    )
    strict_days: bool = setting(
        read.flag,
        "true: no day is closed before every tracker that marks its days has told all of it",
        False,
    )
    sealing_keys: tuple[str, ...] = setting(
        read.keys,
        "webhook secrets are sealed with the first of these keys, separated by commas; "
        "required in production",
        (DEVELOPMENT_KEY,),
        secret=True,
    )
    event_partners: Mapping[str, str] | None = setting(
        read.partners,
        "who may send events of tasks, as JSON of names and keys",
        None,
        secret=True,
    )
    smtp_url: str | None = setting(
        read.mail_server_url,
        "the mail server, smtp:// or smtps://; without it mails of payouts wait",
        None,
        secret=True,
    )
    mail_from: str | None = setting(
        read.mailbox, "whom mails come from, such as Kazna <payouts@example.com>", None
    )
    sandbox_host: str = setting(read.text, "the address the sandbox listens on", "127.0.0.1")
    sandbox_port: int = setting(read.number(1, 65535), "the port the sandbox listens on", 8010)
    sandbox_token: str | None = setting(
        read.text, "opens the sandbox's control routes", None, secret=True
    )
    log_level: str = setting(read.text, "how much is logged: debug, info, warning, error", "info")

    @property
    def is_production(self) -> bool:
        """Tell whether real money may be at stake."""
        return self.environment is Environment.PRODUCTION


def names() -> dict[str, str]:
    """Return what each variable is about."""
    return {PREFIX + one.name.upper(): one.metadata["about"] for one in fields(Settings)}


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment once; raise WrongSetting with one sentence about the first mistake."""
    given = os.environ if environ is None else environ
    for name in sorted(given):
        if name.startswith(PREFIX) and not name.startswith(_FOREIGN) and name not in _known():
            raise WrongSetting(f"there is no setting {name}; see .env.example for those there are")
    values = {}
    for one in fields(Settings):
        name = PREFIX + one.name.upper()
        text = _given(given, name, secret=one.metadata["secret"])
        if text is None:
            continue
        try:
            values[one.name] = one.metadata["read"](text)
        except ValueError as error:
            raise WrongSetting(f"{name} must be {error}") from None
    return _consistent(Settings(**values), values)


def _known() -> frozenset[str]:
    """Name every variable that is read; only a secret may come from a file."""
    secret = {PREFIX + f.name.upper() + _FILE for f in fields(Settings) if f.metadata["secret"]}
    return frozenset(names()) | secret


def _given(given: Mapping[str, str], name: str, *, secret: bool) -> str | None:
    file = given.get(name + _FILE) if secret else None
    if file is None:
        return given.get(name) or None
    try:
        return Path(file).read_text().strip()
    except OSError as error:
        raise WrongSetting(f"{name}{_FILE} must be a file that can be read: {error}") from None


def _consistent(settings: Settings, given: Mapping[str, Any]) -> Settings:
    """Refuse what is right by itself and wrong together."""
    if settings.is_production:
        if settings.clock is ClockKind.VIRTUAL:
            raise WrongSetting("KAZNA_CLOCK must be system in production")
        for name in ("token_key", "pricing_key", "sealing_keys", "database_url", "redis_url"):
            if name not in given:
                raise WrongSetting(f"{PREFIX}{name.upper()} must be set in production")
        if settings.token_key == DEVELOPMENT_KEY:
            raise WrongSetting("KAZNA_TOKEN_KEY must be a key of your own in production")
        if settings.pricing_key in (DEVELOPMENT_KEY, settings.token_key):
            raise WrongSetting("KAZNA_PRICING_KEY must be a key of its own in production")
        if {DEVELOPMENT_KEY, settings.token_key, settings.pricing_key} & {*settings.sealing_keys}:
            raise WrongSetting("KAZNA_SEALING_KEYS must be keys of their own in production")
    for first, second in _TOGETHER:
        if (getattr(settings, first) is None) != (getattr(settings, second) is None):
            named = f"{PREFIX}{first.upper()} and {PREFIX}{second.upper()}"
            raise WrongSetting(f"{named} must be set together")
    _payouts_consistent(settings)
    for name, known in (("receipt_subject", SUBJECTS), ("receipt_mode", MODES)):
        if getattr(settings, name) not in known:
            raise WrongSetting(f"{PREFIX}{name.upper()} must be one of {', '.join(sorted(known))}")
    if settings.log_level.lower() not in ("debug", "info", "warning", "error"):
        raise WrongSetting("KAZNA_LOG_LEVEL must be one of debug, info, warning, error")
    return settings


def _payouts_consistent(settings: Settings) -> None:
    """Refuse payouts that would reach nobody, or tell people of money that is not real."""
    if settings.payout_method is PayoutMethod.LEDGER:
        return
    if settings.task_currency != "RUB":
        raise WrongSetting("KAZNA_TASK_CURRENCY must be RUB with KAZNA_PAYOUT_METHOD=yookassa")
    if settings.is_production and settings.yookassa_payout_agent is None:
        raise WrongSetting(
            "KAZNA_YOOKASSA_PAYOUT_AGENT must be set with KAZNA_PAYOUT_METHOD=yookassa"
        )
    if settings.is_production and settings.yookassa_test:
        raise WrongSetting(
            "KAZNA_YOOKASSA_TEST must be false in production with KAZNA_PAYOUT_METHOD=yookassa"
        )
