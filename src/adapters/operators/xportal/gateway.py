"""The XPortal adapter: one GET for charges and texts alike, told apart by the tariff."""

from collections.abc import Sequence

import msgspec

from adapters.operators.declines import no_broadcast
from adapters.operators.numbers import Numbers, currency_of, misdirected
from adapters.operators.receipts import receipt
from adapters.operators.transport import Answer, OperatorHttp
from adapters.operators.xportal.reports import Reader, reference
from adapters.operators.xportal.settings import read_options
from application.carrier.gateway import (
    Accepted,
    BroadcastOutcome,
    BroadcastRequest,
    ChargeMode,
    ChargeOutcome,
    ChargeRequest,
    Misconfigured,
    NotSent,
    OperatorCapabilities,
    OperatorReceipt,
    OperatorSettings,
    OutcomeUnknown,
    QueryOutcome,
    RawCallback,
    Reply,
    Report,
    SmsOutcome,
    SmsRejected,
    SmsRequest,
    SmsSent,
    Unreachable,
)
from domain.shared.msisdn import Msisdn

_TAKEN, _REFUSED = 200, 400


class _Answer(msgspec.Struct, frozen=True):
    status_code: int
    message: str = ""


class XPortal:
    """One operator behind such a gateway. There are no keys: a charge must reach it once."""

    def __init__(self, settings: OperatorSettings) -> None:
        self._settings = settings
        self._options = read_options(settings)
        self._numbers = Numbers(settings)
        self._currency = currency_of(settings)
        self._reader = Reader(self._options, self._numbers, self._currency)
        self._http = OperatorHttp(settings, plain_allowed=self._options.plain_allowed)
        self._capabilities = OperatorCapabilities(
            mode=ChargeMode.ASYNC,
            callback_timeout=self._options.callback_timeout,
            tariffs_minor=frozenset(self._options.tariffs),
        )

    @property
    def code(self) -> str:
        """The operator's name."""
        return self._settings.code

    @property
    def capabilities(self) -> OperatorCapabilities:
        """What XPortal can do."""
        return self._capabilities

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Ask for a charge by its tariff; the notification says how it ended."""
        if wrong := misdirected(request, self._numbers, self._currency):
            return wrong
        tariff = self._options.tariffs.get(request.money.amount_minor)
        if tariff is None:
            return Misconfigured(f"the operator has no tariff for {request.money}")
        rrn = reference(request.token, request.money.amount_minor)
        sent, told = await self._ask(request.msisdn, rrn, tariff, request.description[:160])
        if not isinstance(sent, Answer):
            return sent
        code, kept = _read(sent, request.token, told)
        if code == _TAKEN:
            return Accepted(kept)
        if code == _REFUSED:
            return Misconfigured("the operator refused the key, the tariff or a field", kept)
        return OutcomeUnknown(f"the operator answered {kept.code or 'in foreign words'}", kept)

    async def query(self, token: str, msisdn: Msisdn) -> QueryOutcome:
        """Say that nobody can be asked."""
        return Unreachable("XPortal answers no questions about charges that were made")

    async def send_sms(self, request: SmsRequest) -> SmsOutcome:
        """Send a text at the tariff that costs nothing."""
        sent, told = await self._ask(request.msisdn, request.id, self._options.free, request.text)
        if isinstance(sent, NotSent | OutcomeUnknown):
            return sent
        code, kept = _read(sent, request.id, told)
        if code == _TAKEN:
            return SmsSent(kept)
        if code == _REFUSED:
            return SmsRejected(kept, "the operator refused the key or a field")
        return OutcomeUnknown(f"the operator answered {kept.code or 'in foreign words'}", kept)

    async def broadcast(self, request: BroadcastRequest) -> BroadcastOutcome:
        """Refuse: XPortal has no broadcasts."""
        return no_broadcast()

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Check the sender, then parse."""
        return self._reader.read(callback)

    def reply(self, callback: RawCallback) -> Reply:
        """Say that it was taken."""
        return Reply(body=b'{"status_code":200}', content_type="application/json")

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _ask(
        self, msisdn: Msisdn, rrn: str, tariff: str, message: str
    ) -> tuple[Answer | NotSent | OutcomeUnknown, str]:
        shown = {"msisdn": msisdn.digits, "rrn": rrn, "keyword": tariff, "message": message}
        told = f"GET {self._options.path} {shown}"
        sent = await self._http.send(
            "GET",
            self._options.path,
            token=rrn,
            told=told,
            query={"key": self._options.key, **shown},
        )
        return sent, told


def build(settings: OperatorSettings) -> XPortal:
    """Build the adapter; the entry point `xportal` of the group `kazna.operators`."""
    return XPortal(settings)


def _read(sent: Answer, token: str, told: str) -> tuple[int | None, OperatorReceipt]:
    """Return the status code in an answer, or None where there is none, and the receipt."""
    try:
        code: int | None = msgspec.json.decode(sent.body, type=_Answer).status_code
    except (msgspec.DecodeError, RecursionError):
        code = None
    if sent.status in (401, 403):
        code = _REFUSED
    return code, receipt(token, str(code or ""), told, sent)
