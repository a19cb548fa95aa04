"""The bridge: an operator whose adapter is a program of somebody else, which claims the work.

Nothing is called from here. The program leases `{operator}_requests` and `{operator}_sms_requests`
over HTTP and brings its answers the same way; `docs/bridge.md` says how.
"""

from collections.abc import Sequence
from datetime import timedelta

from adapters.operators.declines import code_table, no_broadcast
from adapters.operators.numbers import Numbers, currency_of
from adapters.operators.options import Options
from application.carrier.bridge import BridgeTerms
from application.carrier.gateway import (
    BroadcastOutcome,
    BroadcastRequest,
    CallbackRefused,
    ChargeMode,
    ChargeOutcome,
    ChargeRequest,
    NotSent,
    OperatorCapabilities,
    OperatorReceipt,
    OperatorSettings,
    QueryOutcome,
    RawCallback,
    Reply,
    Report,
    SmsOutcome,
    SmsRejected,
    SmsRequest,
    Unreachable,
)
from domain.carrier.operator import BRIDGE, Operator
from domain.shared.msisdn import Msisdn

_WAITS = "waits to be claimed"


def terms_of(operator: Operator) -> BridgeTerms:
    """Read the options of an operator's row; raise ValueError with what is wrong."""
    settings = OperatorSettings(
        code=operator.code,
        country_code=operator.country_code,
        currency=operator.currency.code,
        time_zone=operator.time_zone,
        options=operator.options,
    )
    return _terms(settings)


def _terms(settings: OperatorSettings) -> BridgeTerms:
    options = Options(settings, protocol=BRIDGE)
    terms = BridgeTerms(
        mode=ChargeMode(options.choice("mode", ["sync", "async"], "sync")),
        idempotent=options.flag("idempotent"),
        sms=options.flag("sms", default=True),
        callback_timeout=timedelta(
            hours=options.number("callback_hours", low=0.1, high=720, default=24)
        ),
        tariffs_minor=options.wholes("tariffs_minor", low=1, high=10**15) or None,
        declines=code_table("declines", options.table("declines")),
    )
    options.done()
    return terms


class Bridge:
    """One operator behind a foreign program; whatever is asked of it here waits for that one."""

    def __init__(self, settings: OperatorSettings) -> None:
        self._code = settings.code
        self._terms = _terms(settings)
        Numbers(settings)
        currency_of(settings)

    @property
    def code(self) -> str:
        """The operator's name."""
        return self._code

    @property
    def capabilities(self) -> OperatorCapabilities:
        """What the program can do; one that keeps keys tells an outcome when it is asked again."""
        return OperatorCapabilities(
            mode=self._terms.mode,
            sms=self._terms.sms,
            query=self._terms.idempotent,
            callback_timeout=self._terms.callback_timeout,
            tariffs_minor=self._terms.tariffs_minor,
        )

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Leave it to be claimed."""
        return NotSent(_WAITS)

    async def query(self, token: str, msisdn: Msisdn) -> QueryOutcome:
        """Leave it to be claimed again."""
        return Unreachable(_WAITS)

    async def send_sms(self, request: SmsRequest) -> SmsOutcome:
        """Leave it to be claimed, where the program sends texts at all."""
        if self._terms.sms:
            return NotSent(_WAITS)
        nothing = OperatorReceipt(token=request.id, code="unsupported")
        return SmsRejected(nothing, "this operator takes no texts")

    async def broadcast(self, request: BroadcastRequest) -> BroadcastOutcome:
        """Refuse: the documented messages have no broadcasts."""
        return no_broadcast()

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Refuse: what the program has to say comes by its queues, with its token."""
        raise CallbackRefused("this operator reports by its queues", authentic=False)

    def reply(self, callback: RawCallback) -> Reply:
        """Say that it was taken."""
        return Reply()

    async def aclose(self) -> None:
        """Nothing is open."""


def build(settings: OperatorSettings) -> Bridge:
    """Build the gateway; the entry point `bridge` of the group `kazna.operators`."""
    return Bridge(settings)
