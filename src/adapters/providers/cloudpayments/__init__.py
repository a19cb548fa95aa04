"""CloudPayments: payment links and the widget, token charges, two stages, signed notifications."""

from adapters.providers.cloudpayments.provider import CloudPayments, build
from adapters.providers.cloudpayments.settings import API_URL, CloudPaymentsSettings

__all__ = ["API_URL", "CloudPayments", "CloudPaymentsSettings", "build"]
