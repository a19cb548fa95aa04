"""Why a charge was declined, in words that mean the same for every gateway, and what may follow."""

from dataclasses import dataclass
from enum import StrEnum


class DeclineReason(StrEnum):
    """The neutral reasons; adapters translate their gateway's codes into these."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    PROCESSOR_ERROR = "processor_error"
    LIMIT_EXCEEDED = "limit_exceeded"
    ISSUER_DECLINED = "issuer_declined"
    EXPIRED_CARD = "expired_card"
    INVALID_CARD = "invalid_card"
    RESTRICTED = "restricted"
    FRAUD = "fraud"
    AUTHENTICATION = "authentication"
    CONSENT_REVOKED = "consent_revoked"
    ABANDONED = "abandoned"
    MERCHANT_CANCELED = "merchant_canceled"
    POSTPAID = "postpaid"
    BLACKLISTED = "blacklisted"
    UNRECOGNIZED = "unrecognized"


class Advice(StrEnum):
    """What may be tried after a decline."""

    RETRY_LATER = "retry_later"
    NEW_METHOD = "new_method"
    USER_ACTION = "user_action"
    NEVER = "never"


ADVICE: dict[DeclineReason, Advice] = {
    DeclineReason.INSUFFICIENT_FUNDS: Advice.RETRY_LATER,
    DeclineReason.ISSUER_UNAVAILABLE: Advice.RETRY_LATER,
    DeclineReason.PROCESSOR_ERROR: Advice.RETRY_LATER,
    DeclineReason.LIMIT_EXCEEDED: Advice.RETRY_LATER,
    DeclineReason.ISSUER_DECLINED: Advice.RETRY_LATER,
    DeclineReason.EXPIRED_CARD: Advice.NEW_METHOD,
    DeclineReason.INVALID_CARD: Advice.NEW_METHOD,
    DeclineReason.RESTRICTED: Advice.NEVER,
    DeclineReason.FRAUD: Advice.NEVER,
    DeclineReason.AUTHENTICATION: Advice.USER_ACTION,
    DeclineReason.CONSENT_REVOKED: Advice.NEVER,
    DeclineReason.ABANDONED: Advice.USER_ACTION,
    # We let it go ourselves: the card is as good as before, and nothing is tried unasked.
    DeclineReason.MERCHANT_CANCELED: Advice.USER_ACTION,
    # Numbers their operator must never be asked to charge again.
    DeclineReason.POSTPAID: Advice.NEVER,
    DeclineReason.BLACKLISTED: Advice.NEVER,
    # A reason nobody has named yet may be anything; a person looks before money is tried again.
    DeclineReason.UNRECOGNIZED: Advice.USER_ACTION,
}


@dataclass(frozen=True, slots=True)
class Decline:
    """A gateway's refusal: the neutral reason, and the gateway's own code as it was sent."""

    reason: DeclineReason
    raw_code: str

    @property
    def advice(self) -> Advice:
        """What may be tried next."""
        return ADVICE[self.reason]

    @property
    def spoils_method(self) -> bool:
        """Tell whether the saved method must not be charged again."""
        return self.advice in (Advice.NEW_METHOD, Advice.NEVER)
