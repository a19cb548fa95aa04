"""The UCIP adapter: a look at the balance, then a negative adjustment of it."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from xmlrpc.client import DateTime

from adapters.operators.declines import declined, no_broadcast
from adapters.operators.numbers import Numbers, currency_of, misdirected
from adapters.operators.receipts import receipt
from adapters.operators.transport import Answer, OperatorHttp
from adapters.operators.ucip import xmlrpc
from adapters.operators.ucip.kannel import Kannel
from adapters.operators.ucip.settings import read_options
from application.carrier.gateway import (
    Blacklisted,
    BroadcastOutcome,
    BroadcastRequest,
    CallbackRefused,
    ChargeMode,
    ChargeOutcome,
    ChargeRequest,
    Misconfigured,
    NotSent,
    OperatorCapabilities,
    OperatorDecline,
    OperatorReceipt,
    OperatorSettings,
    OutcomeUnknown,
    Paid,
    Postpaid,
    QueryOutcome,
    RawCallback,
    Reply,
    Report,
    SmsOutcome,
    SmsRequest,
    Unreachable,
)
from domain.shared.msisdn import Msisdn

_FIRST_ERROR = 100
# Faults of the server's own grammar: the call was not understood, so nothing was done.
_MISUNDERSTOOD = range(1000, 1005)
_OVERLOADED = 1006


class Ucip:
    """One operator's account server.

    A number without its country code, an amount as a negative string of minor units, time in the
    operator's zone. There are no keys: one token must reach the server once.
    """

    def __init__(self, settings: OperatorSettings) -> None:
        self._settings = settings
        self._options = options = read_options(settings)
        self._numbers = Numbers(settings)
        self._currency = currency_of(settings)
        headers = {"content-type": "text/xml", "accept": "text/xml"}
        if options.user:
            pair = f"{options.user}:{options.password}".encode("ascii")
            headers["authorization"] = f"Basic {b64encode(pair).decode('ascii')}"
        self._http = OperatorHttp(
            settings,
            headers={**headers, "user-agent": options.user_agent},
            plain_allowed=options.plain_allowed,
        )
        self._texts = Kannel(settings, options)
        self._capabilities = OperatorCapabilities(
            mode=ChargeMode.SYNC, sms=bool(options.sms_url), precheck=options.precheck
        )

    @property
    def code(self) -> str:
        """The operator's name."""
        return self._settings.code

    @property
    def capabilities(self) -> OperatorCapabilities:
        """What UCIP can do."""
        return self._capabilities

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Look, then take; whatever goes wrong before the second call was sent is NotSent."""
        if wrong := misdirected(request, self._numbers, self._currency):
            return wrong
        if self._options.precheck and (told := await self._look(request)):
            return told
        members = {
            **self._origin(self._transaction(request.token), request.created_at, request.msisdn),
            "transactionCurrency": self._currency.code,
            "adjustmentAmountRelative": str(-request.money.amount_minor),
            "externalData1": request.service_code[:128],
        }
        body = xmlrpc.call("UpdateBalanceAndDate", members)
        sent = await self._send(request.token, body)
        return self._charged(request, body, sent) if isinstance(sent, Answer) else sent

    async def query(self, token: str, msisdn: Msisdn) -> QueryOutcome:
        """Say that nobody can be asked."""
        return Unreachable("UCIP answers no questions about charges that were made")

    async def send_sms(self, request: SmsRequest) -> SmsOutcome:
        """Send a text through the operator's gate."""
        return await self._texts.send(request)

    async def broadcast(self, request: BroadcastRequest) -> BroadcastOutcome:
        """Refuse: UCIP has no broadcasts."""
        return no_broadcast()

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Refuse: nobody calls in this protocol, so whoever does is somebody else."""
        raise CallbackRefused("UCIP has no callbacks", authentic=False)

    def reply(self, callback: RawCallback) -> Reply:
        """Never asked for: no callback is taken."""
        return Reply()

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()
        await self._texts.aclose()

    async def _look(self, request: ChargeRequest) -> ChargeOutcome | None:
        """Ask for the balance; None when the number may be charged."""
        body = xmlrpc.call(
            "GetBalanceAndDate",
            self._origin(
                self._transaction(f"q{request.token}"), request.created_at, request.msisdn
            ),
        )
        sent = await self._send(request.token, body)
        if not isinstance(sent, Answer):
            return NotSent(f"the balance could not be asked for: {sent.why}", _pause(sent))
        if refused := _refused(sent):
            return refused
        try:
            read = xmlrpc.answer(sent.body)
        except xmlrpc.BrokenXml as error:
            return NotSent(f"the balance could not be read: {error}")
        if isinstance(read, xmlrpc.Fault):
            return _misunderstood(read) or NotSent(f"the balance was answered by fault {read.code}")
        code = read.get("responseCode")
        if type(code) is not int:
            return NotSent("the balance was answered without a response code")
        kept = receipt(request.token, str(code), _told(body), sent)
        if code in self._options.postpaid:
            return Postpaid(kept)
        if code in self._options.blacklisted:
            return Blacklisted(kept)
        reason = self._options.declines.get(code)
        # What is not known to be a refusal is left to the charge itself to decide.
        return declined(kept, reason) if reason else None

    def _charged(self, request: ChargeRequest, body: bytes, sent: Answer) -> ChargeOutcome:
        if refused := _refused(sent):
            return refused
        told = _told(body)
        try:
            read = xmlrpc.answer(sent.body)
        except xmlrpc.BrokenXml as error:
            unread = receipt(request.token, "", told, sent)
            return OutcomeUnknown(f"the answer cannot be read: {error}", unread)
        if isinstance(read, xmlrpc.Fault):
            unsure = OutcomeUnknown(
                f"the server answered fault {read.code}",
                receipt(request.token, f"fault {read.code}", told, sent),
            )
            return _misunderstood(read) or unsure
        code = read.get("responseCode")
        kept = receipt(request.token, str(code), told, sent)
        if read.get("originTransactionID") not in (None, self._transaction(request.token)):
            return OutcomeUnknown("another transaction was answered", kept)
        return self._meaning(request, code, kept)

    def _meaning(
        self, request: ChargeRequest, code: object, kept: OperatorReceipt
    ) -> ChargeOutcome:
        if type(code) is not int or kept.http_status != 200:
            return OutcomeUnknown("the answer has no response code", kept)
        if code == 0:
            return Paid(kept, request.money)
        if code in self._options.postpaid:
            return Postpaid(kept)
        if code in self._options.blacklisted:
            return Blacklisted(kept)
        if code < _FIRST_ERROR:
            # UCIP means "done, with a remark" by these; only the operator can say what was done.
            return OutcomeUnknown(f"response code {code} is neither success nor an error", kept)
        return declined(kept, self._options.declines.get(code, OperatorDecline.OTHER))

    def _origin(
        self, transaction: str, at: datetime, msisdn: Msisdn
    ) -> Mapping[str, str | int | DateTime]:
        local = at.astimezone(self._options.zone)
        return {
            "originNodeType": self._options.node_type,
            "originHostName": self._options.host_name,
            "originTransactionID": transaction,
            "originTimeStamp": DateTime(local.strftime("%Y%m%dT%H:%M:%S%z")),
            "subscriberNumberNAI": self._options.number_kind,
            "subscriberNumber": self._numbers.national(msisdn),
        }

    def _transaction(self, token: str) -> str:
        if not self._options.digits:
            return token
        drawn = int.from_bytes(blake2b(token.encode(), digest_size=16).digest(), "big")
        return f"{drawn % 10**20:020d}"

    async def _send(self, token: str, body: bytes) -> Answer | NotSent | OutcomeUnknown:
        return await self._http.send(
            "POST", self._options.path, token=token, told=_told(body), body=body
        )


def build(settings: OperatorSettings) -> Ucip:
    """Build the adapter; the entry point `ucip` of the group `kazna.operators`."""
    return Ucip(settings)


def _told(body: bytes) -> str:
    return body.decode("utf-8")


def _pause(sent: NotSent | OutcomeUnknown) -> float | None:
    return sent.retry_after_seconds if isinstance(sent, NotSent) else None


def _refused(sent: Answer) -> Misconfigured | None:
    """Name a refusal by HTTP itself, before any account was looked at."""
    if sent.status in (401, 403):
        return Misconfigured(f"the server refused our credentials with {sent.status}")
    return None


def _misunderstood(fault: xmlrpc.Fault) -> Misconfigured | NotSent | None:
    if fault.code in _MISUNDERSTOOD:
        return Misconfigured(f"the server does not understand us: fault {fault.code}")
    if fault.code == _OVERLOADED:
        return NotSent("the server rejects calls because of its load")
    return None
