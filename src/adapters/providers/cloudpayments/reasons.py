"""CloudPayments' reason codes in neutral words.

The table is the one of CloudPayments' documentation. The codes 6001 to 6017 are newer than it and
have no published meaning: they stay UNRECOGNIZED, and a person looks.
"""

from adapters.providers.cloudpayments.wire import Transaction
from domain.payments.declines import Decline, DeclineReason

# Our own answer to the question before a payment refused it: the bank was never asked.
REFUSED_BY_OURSELVES = range(3001, 3009)

REASONS: dict[int, DeclineReason] = {
    5051: DeclineReason.INSUFFICIENT_FUNDS,
    5091: DeclineReason.ISSUER_UNAVAILABLE,
    5092: DeclineReason.ISSUER_UNAVAILABLE,
    5030: DeclineReason.PROCESSOR_ERROR,
    5096: DeclineReason.PROCESSOR_ERROR,
    5013: DeclineReason.LIMIT_EXCEEDED,
    5065: DeclineReason.LIMIT_EXCEEDED,
    5300: DeclineReason.LIMIT_EXCEEDED,
    5001: DeclineReason.ISSUER_DECLINED,
    5003: DeclineReason.ISSUER_DECLINED,
    5005: DeclineReason.ISSUER_DECLINED,
    5006: DeclineReason.ISSUER_DECLINED,
    5019: DeclineReason.ISSUER_DECLINED,
    5204: DeclineReason.ISSUER_DECLINED,
    5033: DeclineReason.EXPIRED_CARD,
    5054: DeclineReason.EXPIRED_CARD,
    5012: DeclineReason.INVALID_CARD,
    5014: DeclineReason.INVALID_CARD,
    5015: DeclineReason.INVALID_CARD,
    5031: DeclineReason.INVALID_CARD,
    5036: DeclineReason.INVALID_CARD,
    5062: DeclineReason.INVALID_CARD,
    5082: DeclineReason.INVALID_CARD,
    5004: DeclineReason.RESTRICTED,
    5007: DeclineReason.RESTRICTED,
    5041: DeclineReason.RESTRICTED,
    5043: DeclineReason.RESTRICTED,
    5057: DeclineReason.RESTRICTED,
    5063: DeclineReason.RESTRICTED,
    5075: DeclineReason.RESTRICTED,
    5034: DeclineReason.FRAUD,
    5206: DeclineReason.AUTHENTICATION,
    5207: DeclineReason.AUTHENTICATION,
    5209: DeclineReason.AUTHENTICATION,
    # We answered that it must not be paid: wrong invoice, account, amount, too late, not now.
    3001: DeclineReason.MERCHANT_CANCELED,
    3002: DeclineReason.MERCHANT_CANCELED,
    3003: DeclineReason.MERCHANT_CANCELED,
    3004: DeclineReason.MERCHANT_CANCELED,
    3008: DeclineReason.MERCHANT_CANCELED,
    # We could not be asked, or gave no answer that counts: it says nothing of the payer.
    3005: DeclineReason.PROCESSOR_ERROR,
    3006: DeclineReason.PROCESSOR_ERROR,
    3007: DeclineReason.PROCESSOR_ERROR,
}


def decline_of(transaction: Transaction) -> Decline:
    """Translate; a code that is missing or not in the table is UNRECOGNIZED, as it was sent."""
    if transaction.status == "Cancelled":
        return Decline(DeclineReason.MERCHANT_CANCELED, transaction.status)
    code = transaction.reason_code
    return Decline(REASONS.get(code, DeclineReason.UNRECOGNIZED), str(code))


def is_refused_by_ourselves(transaction: Transaction) -> bool:
    """Tell a transaction that our own answer refused: it says nothing of earlier ones."""
    return transaction.reason_code in REFUSED_BY_OURSELVES
