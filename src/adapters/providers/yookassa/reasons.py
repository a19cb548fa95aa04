"""YooKassa's cancellation reasons in neutral words."""

from adapters.providers.yookassa.wire import CancellationDetails
from domain.payments.declines import Decline, DeclineReason

REASONS: dict[str, DeclineReason] = {
    "insufficient_funds": DeclineReason.INSUFFICIENT_FUNDS,
    "issuer_unavailable": DeclineReason.ISSUER_UNAVAILABLE,
    "internal_timeout": DeclineReason.PROCESSOR_ERROR,
    "rejected_by_timeout": DeclineReason.PROCESSOR_ERROR,
    "payment_method_limit_exceeded": DeclineReason.LIMIT_EXCEEDED,
    "identification_required": DeclineReason.LIMIT_EXCEEDED,
    "call_issuer": DeclineReason.ISSUER_DECLINED,
    "general_decline": DeclineReason.ISSUER_DECLINED,
    "unknown": DeclineReason.ISSUER_DECLINED,
    "card_expired": DeclineReason.EXPIRED_CARD,
    "invalid_card_number": DeclineReason.INVALID_CARD,
    "invalid_csc": DeclineReason.INVALID_CARD,
    "payment_method_restricted": DeclineReason.RESTRICTED,
    "country_forbidden": DeclineReason.RESTRICTED,
    "fraud_suspected": DeclineReason.FRAUD,
    "3d_secure_failed": DeclineReason.AUTHENTICATION,
    "permission_revoked": DeclineReason.CONSENT_REVOKED,
    "expired_on_confirmation": DeclineReason.ABANDONED,
    "expired_on_capture": DeclineReason.ABANDONED,
    "canceled_by_merchant": DeclineReason.MERCHANT_CANCELED,
}


def decline_of(details: CancellationDetails | None) -> Decline:
    """Translate; a reason that is missing or not in the table is UNRECOGNIZED with its own code."""
    code = details.reason if details else ""
    return Decline(REASONS.get(code, DeclineReason.UNRECOGNIZED), code)
