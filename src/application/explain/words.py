"""One sentence for every fact; a fact nobody has taught us is told by its name and values."""

from collections.abc import Callable
from typing import Any

from application.ports import JsonObject
from domain.shared.money import Money

Say = Callable[[JsonObject], str]


def money(given: Any) -> str:
    """Write `{"amount_minor", "currency"}` as `4.99 USD`."""
    return str(Money.of(given["amount_minor"], given["currency"]))


def day(instant: Any) -> str:
    """Write the day of an ISO 8601 instant."""
    return str(instant)[:10]


def moment(instant: Any) -> str:
    """Write an ISO 8601 instant to the minute, in UTC."""
    return str(instant)[:16].replace("T", " ")


def _period(d: JsonObject) -> str:
    return f"{day(d['period']['start'])} to {day(d['period']['end'])}"


def _paid(d: JsonObject) -> str:
    by = f" by payment {d['payment_id']}" if d.get("payment_id") else "; nothing was to be paid"
    return f"paid, {money(d['money'])}{by}"


def _renewal_failed(d: JsonObject) -> str:
    again = d.get("next_attempt_at")
    then = f"tried again from {moment(again)}" if again else "nothing more will be tried"
    return f"past due after {d['failures']} failed charge(s), {d['reason']}: {then}"


def _posted(d: JsonObject) -> str:
    lines = "; ".join(
        f"{'debit' if e['amount_minor'] > 0 else 'credit'} {e['account']} "
        f"{money({**e, 'amount_minor': abs(e['amount_minor'])})}"
        for e in d["entries"]
    )
    return f"posted on {d['posting_date']}: {lines}"


def _asked(d: JsonObject) -> str:
    known = f" (gateway id {d['external_id']})" if d.get("external_id") else ""
    return f"{d['provider']} was asked to {d['question'].replace('_', ' ')}: {d['answer']}{known}"


SENTENCES: dict[str, Say] = {
    "invoice.issued": lambda d: f"issued for {money(d['money'])}",
    "invoice.payment_created": lambda d: f"payment {d['payment_id']} opened to collect it",
    "invoice.attempt_declined": lambda d: (
        f"payment {d['payment_id']} brought nothing ({d['reason']}); owed as before"
    ),
    "invoice.paid": _paid,
    "invoice.late_paid": lambda d: f"paid after it was closed, {money(d['money'])}",
    "invoice.paid_twice": lambda d: (
        f"paid a second time by payment {d['payment_id']}; {money(d['money'])} has to go back"
    ),
    "invoice.cancel_requested": lambda d: (
        f"somebody wants it canceled ({d['why']}); the gateway's answer comes first"
    ),
    "invoice.canceled": lambda d: f"canceled: {d['why']}",
    "invoice.cancel_withdrawn": lambda d: "nobody wants it canceled any more",
    "invoice.reissued": lambda d: f"owed again, until {d['due_at'][:10]}",
    "invoice.expired": lambda d: "expired: not paid in time",
    "invoice.refund_requested": lambda d: f"{money(d['money'])} is on its way back",
    "invoice.refund_succeeded": lambda d: f"{money(d['returned'])} went back so far",
    "invoice.refund_declined": lambda d: "the refund was refused",
    "invoice.mismatch_detected": lambda d: (
        f"the gateway's picture differs: {'; '.join(d['differences'])}"
    ),
    "payment.reserved": lambda d: (
        f"try {d['number']} reserved for {money(d['money'])}; its id is the key of every call"
    ),
    "payment.accepted": lambda d: f"the gateway works on it as {d['external_id']}",
    "payment.authorized": lambda d: f"the gateway holds the money as {d['external_id']}",
    "payment.succeeded": lambda d: (
        f"succeeded: {money(d['captured'])} captured at {moment(d['captured_at'])}"
    ),
    "payment.declined": lambda d: f"declined: {d['reason']} (gateway: {d['raw_code']})",
    "payment.refused": lambda d: f"the gateway refused the request itself: {d['why']}",
    "payment.expired": lambda d: "expired: nobody paid in time, and the gateway was asked",
    "payment.outcome_unknown": lambda d: (
        f"nobody knows whether money moved ({d['why']}); no other key is used meanwhile"
    ),
    "payment.mismatched": lambda d: f"held for a person: {'; '.join(d['differences'])}",
    "payment.refunded": lambda d: f"{money(d['refunded'])} went back, {money(d['total'])} in all",
    "payment.canceled": lambda d: f"let go before any money was taken: {d['why']}",
    "payment.disputed": lambda d: f"the bank took {money(d['disputed'])} back",
    "gateway.asked": _asked,
    "ledger.posted": _posted,
    "period.granted": lambda d: f"{d['kind']} period granted, {_period(d)}",
    "refund.reserved": lambda d: f"{money(d['money'])} to go back: {d['reason']}",
    "subscription.created": lambda d: "chosen, not paid yet",
    "subscription.trial_started": lambda d: f"trial from {_period(d)}",
    "subscription.activated": lambda d: f"active, paid from {_period(d)}",
    "subscription.renewed": lambda d: f"renewed, paid from {_period(d)}",
    "subscription.reactivated": lambda d: f"active again, paid from {_period(d)}",
    "subscription.renewal_failed": _renewal_failed,
    "subscription.renewal_stopped": lambda d: (
        f"stopped by the customer; access until {moment(d['access_until'])}"
    ),
    "subscription.renewal_resumed": lambda d: "renews again",
    "subscription.paused": lambda d: f"paused until {moment(d['until'])}",
    "subscription.resumed": lambda d: f"resumed, paid until {day(d['period']['end'])}",
    "subscription.expired": lambda d: "expired: grace is over and nobody paid",
    "subscription.canceled": lambda d: f"canceled: {d['why']}",
    "subscription.issued": lambda d: f"given away ({d['source']}), free {_period(d)}",
    "subscription.end_moved": lambda d: (
        f"its end moved from {moment(d['was'])} to {moment(d['now'])}"
    ),
    "subscription.refund_wanted": lambda d: (
        f"a refund is wanted; {money(d['unused'])} were paid for the time not used"
    ),
    "subscription.plan_change_agreed": lambda d: f"another plan follows, for {money(d['money'])}",
    "subscription.plan_change_dropped": lambda d: f"the plan stays as it is: {d['why']}",
    "subscription.plan_changed": lambda d: f"on another plan, for {money(d['money'])}",
    "subscription.paid_after_cancel": lambda d: "paid after its end; the money goes back",
}


def say(name: str, data: JsonObject) -> str:
    """Tell a fact; one of an older or newer version is told plainly rather than not at all."""
    try:
        return SENTENCES[name](data)
    except (KeyError, TypeError, ValueError):
        told = ", ".join(f"{key} {value}" for key, value in data.items())
        return f"{name.partition('.')[2].replace('_', ' ') or name}: {told}" if told else name
