"""Stripe's decline codes and cancellation reasons in neutral words."""

from adapters.providers.stripe.wire import PaymentError
from domain.payments.declines import Decline, DeclineReason

REASONS: dict[str, DeclineReason] = {
    "insufficient_funds": DeclineReason.INSUFFICIENT_FUNDS,
    "issuer_not_available": DeclineReason.ISSUER_UNAVAILABLE,
    "processing_error": DeclineReason.PROCESSOR_ERROR,
    "reenter_transaction": DeclineReason.PROCESSOR_ERROR,
    "try_again_later": DeclineReason.PROCESSOR_ERROR,
    "card_velocity_exceeded": DeclineReason.LIMIT_EXCEEDED,
    "withdrawal_count_limit_exceeded": DeclineReason.LIMIT_EXCEEDED,
    "card_declined": DeclineReason.ISSUER_DECLINED,
    "generic_decline": DeclineReason.ISSUER_DECLINED,
    "do_not_honor": DeclineReason.ISSUER_DECLINED,
    "do_not_try_again": DeclineReason.ISSUER_DECLINED,
    "call_issuer": DeclineReason.ISSUER_DECLINED,
    "no_action_taken": DeclineReason.ISSUER_DECLINED,
    "not_permitted": DeclineReason.ISSUER_DECLINED,
    "duplicate_transaction": DeclineReason.ISSUER_DECLINED,
    "expired_card": DeclineReason.EXPIRED_CARD,
    "incorrect_number": DeclineReason.INVALID_CARD,
    "invalid_number": DeclineReason.INVALID_CARD,
    "incorrect_cvc": DeclineReason.INVALID_CARD,
    "invalid_cvc": DeclineReason.INVALID_CARD,
    "incorrect_zip": DeclineReason.INVALID_CARD,
    "incorrect_address": DeclineReason.INVALID_CARD,
    "invalid_expiry_month": DeclineReason.INVALID_CARD,
    "invalid_expiry_year": DeclineReason.INVALID_CARD,
    "invalid_account": DeclineReason.INVALID_CARD,
    "new_account_information_available": DeclineReason.INVALID_CARD,
    "testmode_decline": DeclineReason.INVALID_CARD,
    "lost_card": DeclineReason.RESTRICTED,
    "stolen_card": DeclineReason.RESTRICTED,
    "pickup_card": DeclineReason.RESTRICTED,
    "restricted_card": DeclineReason.RESTRICTED,
    "card_not_supported": DeclineReason.RESTRICTED,
    "currency_not_supported": DeclineReason.RESTRICTED,
    "service_not_allowed": DeclineReason.RESTRICTED,
    "transaction_not_allowed": DeclineReason.RESTRICTED,
    "security_violation": DeclineReason.RESTRICTED,
    "pin_try_exceeded": DeclineReason.RESTRICTED,
    "fraudulent": DeclineReason.FRAUD,
    "merchant_blacklist": DeclineReason.FRAUD,
    "highest_risk_level": DeclineReason.FRAUD,
    "authentication_required": DeclineReason.AUTHENTICATION,
    "authentication_not_handled": DeclineReason.AUTHENTICATION,
    "payment_intent_authentication_failure": DeclineReason.AUTHENTICATION,
    "approve_with_id": DeclineReason.AUTHENTICATION,
    "online_or_offline_pin_required": DeclineReason.AUTHENTICATION,
    "offline_pin_required": DeclineReason.AUTHENTICATION,
    "requires_action": DeclineReason.AUTHENTICATION,
    "revocation_of_authorization": DeclineReason.CONSENT_REVOKED,
    "revocation_of_all_authorizations": DeclineReason.CONSENT_REVOKED,
    "stop_payment_order": DeclineReason.CONSENT_REVOKED,
    "payment_method_detached": DeclineReason.CONSENT_REVOKED,
    # Why a PaymentIntent was canceled, or a session ended, without an error of the payer's.
    "session_expired": DeclineReason.ABANDONED,
    "abandoned": DeclineReason.ABANDONED,
    "automatic": DeclineReason.ABANDONED,
    "expired": DeclineReason.ABANDONED,
    "requested_by_customer": DeclineReason.MERCHANT_CANCELED,
    "duplicate": DeclineReason.MERCHANT_CANCELED,
    # Why a refund failed.
    "expired_or_canceled_card": DeclineReason.EXPIRED_CARD,
    "lost_or_stolen_card": DeclineReason.RESTRICTED,
    "declined": DeclineReason.ISSUER_DECLINED,
    "merchant_request": DeclineReason.MERCHANT_CANCELED,
}


def decline_of(code: str) -> Decline:
    """Translate; a code that is not in the table is UNRECOGNIZED and kept as it was sent."""
    return Decline(REASONS.get(code, DeclineReason.UNRECOGNIZED), code)


def decline_for(error: PaymentError) -> Decline:
    """Translate an error: the bank's own code where there is one, else Stripe's."""
    return decline_of(error.decline_code or error.code or "")
