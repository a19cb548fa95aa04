"""Charging subscribers: what the network decides, and the records of what it took."""

from dataclasses import dataclass
from typing import Final

from entrypoints.sandbox.chance import draw, hits
from entrypoints.sandbox.operators import letters
from entrypoints.sandbox.operators.behaviour import Standing
from entrypoints.sandbox.operators.dialect import Charge, Outcome
from entrypoints.sandbox.operators.network import Network
from entrypoints.sandbox.operators.scripts import AS_RULED, Scripted

_COLUMNS: Final = (
    "number, token, msisdn, amount_minor, currency, service, keyword, verdict, code, created_ms, "
    "final_ms"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A charge as it was asked for; `msisdn` has its country code."""

    token: str
    msisdn: str
    amount_minor: int
    currency: str
    service: str = ""
    keyword: str = ""


def standing_of(network: Network, msisdn: str) -> tuple[Standing, int | None]:
    """Return what a number is, and its balance; None never runs out."""
    row = network.store.one(
        "SELECT standing, balance_minor FROM subscriber WHERE msisdn = ?", msisdn
    )
    if row is not None:
        return row[0], row[1]
    return network.behaviour.standing_of(msisdn), network.behaviour.balance_minor


def set_subscriber(
    network: Network, msisdn: str, standing: Standing, balance_minor: int | None
) -> None:
    """Say what a number is from now on."""
    network.store.run(
        "INSERT OR REPLACE INTO subscriber (msisdn, standing, balance_minor) VALUES (?, ?, ?)",
        msisdn,
        standing,
        balance_minor,
    )


def find(network: Network, token: str) -> Charge | None:
    """Return the first charge under a token."""
    row = network.store.one(
        f"SELECT {_COLUMNS} FROM charge WHERE token = ? ORDER BY number",  # noqa: S608
        token,
    )
    return Charge(*row) if row else None


def charge(
    network: Network, order: Order, scripted: Scripted = AS_RULED, *, reports: bool = False
) -> Charge:
    """Decide a charge and take the money where the verdict says so.

    With `reports` the partner hears "accepted" until the notification is due, and is notified then.
    The money is taken now either way. Runs inside the caller's transaction, and asks nobody whether
    the token was used before: protocols that promise that look first.
    """
    now_ms = network.clock.now_ms()
    verdict = scripted.verdict or _verdict(network, order)
    delay = network.behaviour.notifications.delay_seconds
    after = delay if scripted.after_seconds is None else scripted.after_seconds
    final_ms = None if verdict == "pending" else now_ms + (int(after * 1000) if reports else 0)
    made = Charge(
        network.store.next_number(),
        order.token,
        order.msisdn,
        order.amount_minor,
        order.currency,
        order.service,
        order.keyword,
        "billed" if verdict == "prepaid" else verdict,
        scripted.code,
        now_ms,
        final_ms,
    )
    network.store.run(
        f"INSERT INTO charge ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        *made,
    )
    if made.is_billed:
        _bill(network, made)
    if reports:
        _report(network, made, scripted)
    return made


def settle(network: Network, made: Charge, verdict: Standing) -> Charge:
    """End a charge that is still pending, and notify the partner; `prepaid` takes the money."""
    final = "billed" if verdict == "prepaid" else verdict
    now_ms = network.clock.now_ms()
    network.store.run(
        "UPDATE charge SET verdict = ?, final_ms = ? WHERE number = ?", final, now_ms, made.number
    )
    settled = made._replace(verdict=final, final_ms=now_ms)
    if settled.is_billed:
        _bill(network, settled)
    letters.tell(network, Outcome(charge=settled))
    return settled


def _report(network: Network, made: Charge, scripted: Scripted) -> None:
    travel, seed = network.behaviour.notifications, network.behaviour.seed
    if scripted.interim or hits(travel.interim_percent, seed, "interim", made.number):
        letters.tell(network, Outcome(charge=made, is_interim=True), due_ms=made.created_ms)
    if made.final_ms is None or scripted.report == "lose":
        return
    for _ in range(2 if scripted.report == "twice" else 1):
        letters.tell(network, Outcome(charge=made), due_ms=made.final_ms)


def _verdict(network: Network, order: Order) -> str:
    standing, balance_minor = standing_of(network, order.msisdn)
    if standing != "prepaid":
        return standing
    behaviour = network.behaviour
    if hits(behaviour.decline_percent, behaviour.seed, "decline", order.token):
        return _drawn_decline(network, order)
    if balance_minor is not None and balance_minor < order.amount_minor:
        return "insufficient_funds"
    return "billed"


def _drawn_decline(network: Network, order: Order) -> str:
    weights = network.behaviour.declines
    place = draw(network.behaviour.seed, "reason", order.token) * sum(weights.values())
    for reason, weight in weights.items():
        place -= weight
        if place < 0:
            return reason
    return next(reversed(weights))


def _bill(network: Network, made: Charge) -> None:
    network.store.run(
        "INSERT INTO billing (number, token, msisdn, amount_minor, currency, service, at_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        network.store.next_number(),
        made.token,
        made.msisdn,
        made.amount_minor,
        made.currency,
        made.service,
        network.clock.now_ms(),
    )
    standing, balance_minor = standing_of(network, made.msisdn)
    if balance_minor is not None:
        left = max(balance_minor - made.amount_minor, 0)
        set_subscriber(network, made.msisdn, standing, left)
