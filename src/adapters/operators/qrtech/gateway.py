"""The QRTech adapter: the text of a day out, orders and charges in."""

from collections.abc import Sequence
from urllib.parse import urlencode

from adapters.operators.numbers import Numbers, currency_of
from adapters.operators.qrtech.reports import Reader
from adapters.operators.qrtech.settings import read_options
from adapters.operators.receipts import receipt
from adapters.operators.transport import Answer, OperatorHttp
from application.carrier.gateway import (
    BroadcastOutcome,
    BroadcastRejected,
    BroadcastRequest,
    BroadcastTaken,
    ChargeMode,
    ChargeOutcome,
    ChargeRequest,
    Misconfigured,
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
    Unreachable,
)
from domain.shared.msisdn import Msisdn

_FIRST_ERROR, _LAST_ERROR = -10, -25


class QRTech:
    """One operator that charges its subscribers for the text it got for the day."""

    def __init__(self, settings: OperatorSettings) -> None:
        self._settings = settings
        self._options = read_options(settings)
        self._reader = Reader(self._options, Numbers(settings), currency_of(settings))
        self._http = OperatorHttp(
            settings,
            headers={"content-type": "application/x-www-form-urlencoded"},
            plain_allowed=self._options.plain_allowed,
        )
        self._capabilities = OperatorCapabilities(
            mode=ChargeMode.MANAGED, sms=False, broadcast=True
        )

    @property
    def code(self) -> str:
        """The operator's name."""
        return self._settings.code

    @property
    def capabilities(self) -> OperatorCapabilities:
        """What QRTech can do."""
        return self._capabilities

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Refuse: the operator charges by its own timetable."""
        return Misconfigured("this operator charges by its own timetable")

    async def query(self, token: str, msisdn: Msisdn) -> QueryOutcome:
        """Say that nobody can be asked."""
        return Unreachable("QRTech answers no questions about charges that were made")

    async def send_sms(self, request: SmsRequest) -> SmsOutcome:
        """Refuse: the text of the day is all it sends."""
        nothing = OperatorReceipt(token=request.id, code="unsupported")
        return SmsRejected(nothing, "this operator takes no texts to single numbers")

    async def broadcast(self, request: BroadcastRequest) -> BroadcastOutcome:
        """Hand over the text of a day; a positive number in the answer is its id there."""
        sold = self._options.by_service(request.service_code)
        if sold is None:
            nothing = OperatorReceipt(token="", code="unknown_service")
            return BroadcastRejected(nothing, "the option services does not name this service")
        day = f"{request.day:%Y%m%d}"
        form = {
            "serviceid": sold.text_id,
            "broadcastdate": day,
            "ctype": "1",
            "content": f"{request.day:%d/%m} {request.text}",
        }
        told = f"POST {self._options.path} {form}"
        sent = await self._http.send(
            "POST",
            self._options.path,
            token=f"{sold.text_id}-{day}",
            told=told,
            body=urlencode({"username": self._options.user, **form}).encode(),
        )
        if not isinstance(sent, Answer):
            return sent
        number = _number(sent)
        kept = receipt(str(number or ""), str(number or sent.status), told, sent)
        if number is not None and number > 0:
            return BroadcastTaken(kept)
        if number is not None and _LAST_ERROR <= number <= _FIRST_ERROR:
            return BroadcastRejected(kept, f"the operator answered {number}")
        if sent.status in (401, 403):
            return BroadcastRejected(kept, f"the operator answered {sent.status}")
        return OutcomeUnknown("the operator answered neither an id nor an error it knows", kept)

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Check the sender, then parse."""
        return self._reader.read(callback)

    def reply(self, callback: RawCallback) -> Reply:
        """Say that it was taken."""
        return Reply()

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()


def build(settings: OperatorSettings) -> QRTech:
    """Build the adapter; the entry point `qrtech` of the group `kazna.operators`."""
    return QRTech(settings)


def _number(sent: Answer) -> int | None:
    """Read the one number an answer consists of."""
    text = sent.body[:32].strip()
    digits = text.removeprefix(b"-")
    return int(text) if digits.isdigit() and digits.isascii() and len(digits) < 19 else None
