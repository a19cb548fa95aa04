"""Stripe: hosted checkout, saved methods charged off-session, two stages, signed events."""

from adapters.providers.stripe.provider import Stripe, build
from adapters.providers.stripe.settings import StripeSettings

__all__ = ["Stripe", "StripeSettings", "build"]
