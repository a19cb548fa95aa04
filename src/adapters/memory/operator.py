"""An operator in memory: it bills by itself, answers as told, and remembers what it billed.

The twin of every operator's adapter in tests and in the simulation: a charge it calls paid is in
its own records, whatever it answered to the caller.
"""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from application.carrier.gateway import (
    Accepted,
    BroadcastOutcome,
    BroadcastRequest,
    BroadcastTaken,
    CallbackRefused,
    ChargeMode,
    ChargeOutcome,
    ChargeReported,
    ChargeRequest,
    NeverHeard,
    OperatorCapabilities,
    OperatorReceipt,
    OutcomeUnknown,
    Paid,
    QueryOutcome,
    RawCallback,
    Reply,
    Report,
    SmsOutcome,
    SmsRequest,
    SmsSent,
    Unreachable,
)
from application.ports import Clock
from domain.shared.money import Money
from domain.shared.msisdn import Msisdn


@dataclass(frozen=True, slots=True)
class Billed:
    """One line of the operator's own records."""

    token: str
    msisdn: Msisdn
    money: Money


@dataclass(slots=True)
class ScriptedOperator:
    """Pays everything, unless told otherwise for a number.

    `script` holds what is answered next to a number: an outcome, or `BILL_AND_VANISH`, which bills
    and then breaks the connection.
    """

    code: str
    clock: Clock
    mode: ChargeMode = ChargeMode.SYNC
    can_query: bool = False
    billed: list[Billed] = field(default_factory=list)
    asked: list[ChargeRequest] = field(default_factory=list)
    texts: list[SmsRequest] = field(default_factory=list)
    broadcasts: list[BroadcastRequest] = field(default_factory=list)
    broadcast_script: deque[BroadcastOutcome] = field(default_factory=deque)
    reports: deque[Report] = field(default_factory=deque)
    script: dict[Msisdn, deque[ChargeOutcome]] = field(default_factory=lambda: defaultdict(deque))

    @property
    def capabilities(self) -> OperatorCapabilities:
        """What it can do."""
        return OperatorCapabilities(
            mode=self.mode, query=self.can_query, broadcast=self.mode is ChargeMode.MANAGED
        )

    def will(self, msisdn: Msisdn, *outcomes: ChargeOutcome) -> None:
        """Answer these next to this number."""
        self.script[msisdn].extend(outcomes)

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Bill, or do as the script says."""
        self.asked.append(request)
        planned = self.script[request.msisdn]
        outcome = planned.popleft() if planned else None
        receipt = OperatorReceipt(token=request.token, code="0")
        if outcome is None and self.mode is ChargeMode.ASYNC:
            return Accepted(receipt)
        if outcome is None:
            return self.bill(request)
        if outcome is BILL_AND_VANISH:
            self.bill(request)
            return OutcomeUnknown("the connection broke")
        if isinstance(outcome, Paid):
            self.bill(request)
        return outcome

    def bill(self, request: ChargeRequest) -> Paid:
        """Take the money, once per token."""
        if all(line.token != request.token for line in self.billed):
            self.billed.append(Billed(request.token, request.msisdn, request.money))
        receipt = OperatorReceipt(token=request.token, code="0")
        return Paid(receipt, request.money, self.clock.now())

    def report(self, request: ChargeRequest, event_id: str) -> ChargeReported:
        """Bill, and return the notification that says so."""
        paid = self.bill(request)
        return ChargeReported(event_id=event_id, outcome=paid, token=request.token)

    async def query(self, token: str, msisdn: Msisdn) -> QueryOutcome:
        """Say how a charge ended."""
        if not self.can_query:
            return Unreachable("this operator answers no questions")
        for line in self.billed:
            if line.token == token:
                receipt = OperatorReceipt(token=token, code="0")
                return Paid(receipt, line.money, self.clock.now())
        return NeverHeard()

    async def send_sms(self, request: SmsRequest) -> SmsOutcome:
        """Take every text."""
        self.texts.append(request)
        return SmsSent(OperatorReceipt(token=request.id, code="200"))

    async def broadcast(self, request: BroadcastRequest) -> BroadcastOutcome:
        """Take the text of a day, or do as the script says."""
        planned = self.broadcast_script.popleft() if self.broadcast_script else None
        if planned is not None and not isinstance(planned, BroadcastTaken):
            return planned
        self.broadcasts.append(request)
        return BroadcastTaken(OperatorReceipt(token=str(len(self.broadcasts)), code="0"))

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Return the reports that wait, to whoever knows the word."""
        if callback.headers.get("x-word") != "sesame":
            raise CallbackRefused("the word is wrong", authentic=False)
        reports = list(self.reports)
        self.reports.clear()
        return reports

    def reply(self, callback: RawCallback) -> Reply:
        """Say OK."""
        return Reply()

    async def aclose(self) -> None:
        """Nothing is open."""


BILL_AND_VANISH = OutcomeUnknown("billed, and the connection broke")
