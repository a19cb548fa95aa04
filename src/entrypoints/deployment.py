"""What settings mean: the clock, the providers and the policy of this deployment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from adapters.clock import SystemClock, VirtualClock
from adapters.http.outbound import Outbound
from adapters.payouts import yookassa as yookassa_payouts
from adapters.providers.cloudpayments import CloudPaymentsSettings
from adapters.providers.registry import build_providers, discover
from adapters.providers.stripe import StripeSettings
from adapters.providers.yookassa import YooKassaSettings
from application.errors import NotFound
from application.ledger.payout_methods import PayoutProvider
from application.ledger.task_events import Pricing
from application.payments.ports import BillingPolicy
from application.payments.provider import PaymentProvider
from domain.payments.receipt import ReceiptTerms
from domain.shared.money import Currency
from entrypoints.settings import ClockKind, PayoutMethod, Settings, WrongSetting

CLOCK_FILE = "clock"


def business_clock(settings: Settings) -> SystemClock | VirtualClock:
    """Return the deployment's clock; a virtual one begins at the present and is shared."""
    if settings.clock is ClockKind.SYSTEM:
        return SystemClock()
    return VirtualClock.create(settings.data_folder / CLOCK_FILE, datetime.now(UTC))


def billing_policy(settings: Settings) -> BillingPolicy:
    """Return the terms billing goes by."""
    return BillingPolicy(
        payment_waiting=timedelta(days=settings.payment_waiting_days),
        invoice_due=timedelta(days=settings.invoice_due_days),
        concurrency=settings.gateway_concurrency,
        receipts=None
        if settings.receipt_vat_code is None
        else ReceiptTerms(
            vat_code=settings.receipt_vat_code,
            subject=settings.receipt_subject,
            mode=settings.receipt_mode,
        ),
    )


@dataclass(frozen=True, slots=True)
class ConfiguredProviders:
    """The providers that are configured, by code."""

    built: Mapping[str, PaymentProvider]
    tests: frozenset[str]

    def get(self, code: str) -> PaymentProvider:
        """Return one; raise NotFound."""
        try:
            return self.built[code]
        except KeyError:
            raise NotFound("payment provider", code) from None

    def codes(self) -> Sequence[str]:
        """Name them all."""
        return list(self.built)

    def is_test(self, code: str) -> bool:
        """Tell whether we use a provider's test shop."""
        return code in self.tests

    async def aclose(self) -> None:
        """Close their connections."""
        for provider in self.built.values():
            await provider.aclose()


def configured_providers(settings: Settings) -> ConfiguredProviders:
    """Build the providers there are settings for."""
    configured: dict[str, object] = {}
    tests = set()
    if settings.yookassa_shop_id and settings.yookassa_secret:
        configured["yookassa"] = _yookassa(settings, settings.yookassa_shop_id)
        if settings.yookassa_test:
            tests.add("yookassa")
    if settings.cloudpayments_public_id and settings.cloudpayments_secret:
        configured["cloudpayments"] = _cloudpayments(settings, settings.cloudpayments_public_id)
        if settings.cloudpayments_test:
            tests.add("cloudpayments")
    if stripe := stripe_settings(settings):
        configured["stripe"] = stripe
        if stripe.test_mode:
            tests.add("stripe")
    return ConfiguredProviders(build_providers(configured, discover()), frozenset(tests))


def _yookassa(settings: Settings, shop_id: str) -> YooKassaSettings:
    try:
        return YooKassaSettings(
            shop_id=shop_id,
            secret=settings.yookassa_secret or "",
            base_url=settings.yookassa_url,
            webhook_networks=settings.yookassa_networks,
            test_mode=settings.yookassa_test,
        )
    except ValueError as error:
        raise WrongSetting(f"KAZNA_YOOKASSA_*: {error}") from None


def _cloudpayments(settings: Settings, public_id: str) -> CloudPaymentsSettings:
    try:
        return CloudPaymentsSettings(
            public_id=public_id,
            secret=settings.cloudpayments_secret or "",
            base_url=settings.cloudpayments_url,
            test_mode=settings.cloudpayments_test,
        )
    except ValueError as error:
        raise WrongSetting(f"KAZNA_CLOUDPAYMENTS_*: {error}") from None


def stripe_settings(settings: Settings) -> StripeSettings | None:
    """Return what the Stripe adapter needs, where there is an account; raise WrongSetting."""
    if not (settings.stripe_secret and settings.stripe_webhook_secret):
        return None
    try:
        return StripeSettings(
            secret=settings.stripe_secret,
            webhook_secrets=settings.stripe_webhook_secret,
            base_url=settings.stripe_url,
            clock=business_clock(settings),
        )
    except ValueError as error:
        raise WrongSetting(f"KAZNA_STRIPE_*: {error}") from None


def outbound_of(settings: Settings) -> Outbound:
    """Return the way out to publishers; this machine is within reach of sandboxes alone."""
    return Outbound(settings.postback_hosts, loopback_allowed=not settings.is_production)


def task_pricing(settings: Settings) -> Pricing:
    """Return how tasks are priced; the key is a secret, the currency is for good."""
    return Pricing(currency=Currency(settings.task_currency), key=settings.pricing_key.encode())


def payout_providers(settings: Settings) -> Mapping[str, PayoutProvider]:
    """Return the payout providers there are settings for, by code.

    One is there though it is not the method any more: what it was given before has to end.
    """
    agent, secret = settings.yookassa_payout_agent, settings.yookassa_payout_secret
    if agent is None or secret is None:
        if settings.payout_method is PayoutMethod.YOOKASSA:
            raise WrongSetting(
                "KAZNA_YOOKASSA_PAYOUT_AGENT must be set with KAZNA_PAYOUT_METHOD=yookassa"
            )
        return {}
    try:
        gateway = YooKassaSettings(
            shop_id=agent,
            secret=secret,
            base_url=settings.yookassa_url,
            test_mode=settings.yookassa_test,
        )
    except ValueError as error:
        raise WrongSetting(f"KAZNA_YOOKASSA_PAYOUT_*: {error}") from None
    return {yookassa_payouts.CODE: yookassa_payouts.build(gateway)}


def payout_method(settings: Settings) -> str | None:
    """Return the code of the provider new payouts go to; None when the books alone are meant."""
    is_ledger = settings.payout_method is PayoutMethod.LEDGER
    return None if is_ledger else settings.payout_method.value
