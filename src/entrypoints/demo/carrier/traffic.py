"""What subscribers do in a week, drawn once from a seed: orders, repeats of orders, stops."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from entrypoints.demo.carrier.cast import HOURS, Operator
from entrypoints.sandbox.chance import draw, hits

_ORDERS_END = HOURS - 24
_TWICE_PERCENT = 5.0
_AGAIN_PERCENT = 3.0
_STOP_PERCENT = 12.0
_POSTPAID_PERCENT = 3.0
_BLACKLISTED_PERCENT = 2.0
# Far from the endings the sandbox gives a meaning of their own.
_FIRST_NUMBER = 100


@dataclass(frozen=True, slots=True)
class Order:
    """A subscriber orders; `times` is how often the very same order comes."""

    operator: Operator
    msisdn: str
    event_id: str
    times: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A subscriber wants no more."""

    operator: Operator
    msisdn: str
    event_id: str


@dataclass(slots=True)
class Traffic:
    """The whole week by hours, and who is who."""

    orders: dict[int, list[Order]] = field(default_factory=lambda: defaultdict(list))
    stops: dict[int, list[Stop]] = field(default_factory=lambda: defaultdict(list))
    postpaid: list[tuple[Operator, str]] = field(default_factory=list)
    blacklisted: list[tuple[Operator, str]] = field(default_factory=list)

    def count(self, operator: Operator) -> int:
        """Count the orders of an operator, a repeat of one being the same order."""
        return sum(one.operator == operator for hour in self.orders.values() for one in hour)


def draw_traffic(cast: Sequence[Operator], orders: int, seed: int) -> Traffic:
    """Draw so many orders; the same seed draws the same week."""
    traffic = Traffic()
    for operator in cast:
        for place in range(round(orders * operator.share / sum(one.share for one in cast))):
            order, hour = _order(operator, place, seed)
            traffic.orders[hour].append(order)
            _about(traffic, operator, place, seed)
    return traffic


def _order(operator: Operator, place: int, seed: int) -> tuple[Order, int]:
    """Let a number order once, and some of those that come later order in the place of it."""
    msisdn = _number(operator, place)
    if place and hits(_AGAIN_PERCENT, seed, operator.code, "again", place):
        msisdn = _number(operator, int(draw(seed, operator.code, "who", place) * place))
    times = 2 if hits(_TWICE_PERCENT, seed, operator.code, "twice", place) else 1
    hour = int(draw(seed, operator.code, "hour", place) * _ORDERS_END)
    return Order(operator, msisdn, f"{operator.code}-o{place}", times), hour


def _about(traffic: Traffic, operator: Operator, place: int, seed: int) -> None:
    msisdn = _number(operator, place)
    kind = draw(seed, operator.code, "kind", place) * 100
    if kind < _POSTPAID_PERCENT:
        traffic.postpaid.append((operator, msisdn))
    elif kind < _POSTPAID_PERCENT + _BLACKLISTED_PERCENT:
        traffic.blacklisted.append((operator, msisdn))
    elif hits(_STOP_PERCENT, seed, operator.code, "stop", place):
        begun = int(draw(seed, operator.code, "hour", place) * _ORDERS_END)
        hour = begun + 1 + int(draw(seed, operator.code, "stays", place) * (HOURS - begun - 1))
        traffic.stops[hour].append(Stop(operator, msisdn, f"{operator.code}-s{place}"))


def _number(operator: Operator, place: int) -> str:
    length = 11 if operator.country_code == "66" else 12
    return f"{operator.prefix}{_FIRST_NUMBER + place:0{length - len(operator.prefix)}d}"
