"""The plain adapter: JSON over HTTP with keys, a look-up, texts and signed callbacks."""

import re
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from adapters.operators.callbacks import check_length
from adapters.operators.declines import no_broadcast
from adapters.operators.numbers import Numbers, currency_of, misdirected
from adapters.operators.options import Options
from adapters.operators.plain import wire
from adapters.operators.plain.outcomes import Reported, Unclear, reported
from adapters.operators.plain.reports import Reader
from adapters.operators.receipts import receipt
from adapters.operators.transport import Answer, OperatorHttp, unreachable
from adapters.security.seal import Seal, SealBroken
from application.carrier.gateway import (
    BroadcastOutcome,
    BroadcastRequest,
    CallbackRefused,
    ChargeMode,
    ChargeOutcome,
    ChargeRequest,
    Misconfigured,
    NeverHeard,
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

_STOP_WORDS = ("stop", "off", "unsub")
_SECRET_LENGTH = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Plain:
    """One operator that speaks the plain protocol.

    The token is the key of a charge: the operator keeps it for ever, so a repeat is answered with
    the charge that was made and never makes another.
    """

    def __init__(self, settings: OperatorSettings) -> None:
        options = Options(settings, protocol="plain")
        self._settings = settings
        self._numbers = Numbers(settings)
        self._currency = currency_of(settings)
        mode = ChargeMode(options.choice("mode", [mode.value for mode in ChargeMode], "sync"))
        self._capabilities = OperatorCapabilities(
            mode=mode,
            sms=options.flag("sms", default=True),
            query=mode is not ChargeMode.MANAGED,
            callback_timeout=timedelta(
                hours=options.number("callback_hours", low=0.1, high=720, default=24)
            ),
        )
        window = options.whole("replay_seconds", low=10, high=86_400, default=300)
        self._seal = Seal(
            (
                options.secret("callback_secret", at_least=_SECRET_LENGTH),
                options.optional_secret("callback_secret_before"),
            ),
            timedelta(seconds=window),
        )
        self._reader = Reader(options.texts("stop_words", _STOP_WORDS))
        self._http = OperatorHttp(
            settings,
            headers={
                "authorization": f"Bearer {options.secret('api_key', at_least=_SECRET_LENGTH)}",
                "content-type": "application/json",
            },
            plain_allowed=options.flag("plain_http"),
        )
        options.done()

    @property
    def code(self) -> str:
        """The operator's name."""
        return self._settings.code

    @property
    def capabilities(self) -> OperatorCapabilities:
        """What the protocol can do, in the mode that was chosen."""
        return self._capabilities

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Ask for a charge under its token; the same token again asks for the same charge."""
        if self._capabilities.mode is ChargeMode.MANAGED:
            return Misconfigured("this operator charges by its own timetable")
        if wrong := misdirected(request, self._numbers, self._currency):
            return wrong
        asked = wire.NewCharge(
            token=request.token,
            msisdn=request.msisdn.digits,
            amount_minor=request.money.amount_minor,
            currency=request.money.currency.code,
            service=request.service_code,
            keyword=request.keyword,
            description=request.description[:200],
            reply="now" if self._capabilities.mode is ChargeMode.SYNC else "later",
        )
        sent = await self._post("charges", request.token, wire.encode(asked))
        if not isinstance(sent, Answer):
            return sent
        told = f"POST charges {wire.encode(asked).decode()}"
        if sent.is_refusal:
            return _refused(request.token, told, sent)
        read = _charge_in(sent, request.token, told)
        if isinstance(read, str):
            return OutcomeUnknown(read, receipt(request.token, "", told, sent))
        return read

    async def query(self, token: str, msisdn: Msisdn) -> QueryOutcome:
        """Ask how a charge ended; `NeverHeard` only in the operator's own words."""
        if not _is_token(token):
            return NeverHeard()
        path = f"charges/{token}"
        sent = await self._http.send("GET", path, token=token, told=f"GET {path}")
        if not isinstance(sent, Answer):
            return unreachable(sent)
        if sent.is_refusal:
            code = _refusal_code(sent)
            if sent.status == 404 and code == "unknown_charge":
                return NeverHeard()
            return Unreachable(f"the operator answered {sent.status} {code or ''}".strip())
        read = _charge_in(sent, token, f"GET {path}")
        return Unreachable(read) if isinstance(read, str) else read

    async def send_sms(self, request: SmsRequest) -> SmsOutcome:
        """Send a text under its id."""
        if not self._capabilities.sms:
            nothing = OperatorReceipt(token=request.id, code="unsupported")
            return SmsRejected(nothing, "this operator takes no texts")
        asked = wire.NewText(
            id=request.id,
            msisdn=request.msisdn.digits,
            text=request.text,
            service=request.service_code,
        )
        sent = await self._post("sms", request.id, wire.encode(asked))
        if not isinstance(sent, Answer):
            return sent
        told = f"POST sms {wire.encode(asked).decode()}"
        if sent.status in (401, 403):
            return NotSent("the operator refused our credentials")
        if sent.is_refusal:
            code = _refusal_code(sent)
            if code is None:
                return OutcomeUnknown(f"the operator answered {sent.status} in foreign words")
            return SmsRejected(receipt(request.id, code, told, sent), code)
        try:
            read = wire.read_sent_text(sent.body)
        except (msgspec.DecodeError, RecursionError):
            return OutcomeUnknown("the answer cannot be read", receipt(request.id, "", told, sent))
        kept = receipt(read.operator_token or request.id, read.status, told, sent)
        if read.id != request.id or read.status not in ("sent", "rejected"):
            return OutcomeUnknown("the answer is about something else", kept)
        return SmsSent(kept) if read.status == "sent" else SmsRejected(kept, read.reason)

    async def broadcast(self, request: BroadcastRequest) -> BroadcastOutcome:
        """Refuse: the protocol has no broadcasts."""
        return no_broadcast()

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Check the signature and its age, then parse."""
        check_length(callback)
        try:
            self._seal.check(callback.headers, callback.body, callback.received_at)
        except SealBroken as error:
            raise CallbackRefused(
                f"the callback is not trusted: {error}", authentic=False
            ) from None
        return self._reader.read(callback.body)

    def reply(self, callback: RawCallback) -> Reply:
        """Say that it was taken."""
        return Reply(body=b'{"taken":true}', content_type="application/json")

    async def aclose(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def _post(self, path: str, key: str, body: bytes) -> Answer | NotSent | OutcomeUnknown:
        return await self._http.send(
            "POST",
            path,
            token=key,
            told=f"POST {path} {body.decode()}",
            headers={"idempotency-key": key},
            body=body,
        )


def build(settings: OperatorSettings) -> Plain:
    """Build the adapter; the entry point `plain` of the group `kazna.operators`."""
    return Plain(settings)


def _is_token(token: str) -> bool:
    # What names a path: nothing that could mean another one.
    return bool(_TOKEN.fullmatch(token))


def _charge_in(sent: Answer, token: str, told: str) -> Reported | str:
    """Return what an answer says of a charge, or in a sentence why that cannot be told."""
    try:
        charge = wire.read_charge(sent.body)
    except (msgspec.DecodeError, RecursionError):
        return "the answer cannot be read"
    if charge.token != token:
        return "another charge was answered"
    kept = receipt(charge.operator_token or token, charge.reason or charge.status, told, sent)
    try:
        return reported(charge, kept)
    except Unclear as error:
        return str(error)


def _refused(token: str, told: str, sent: Answer) -> Misconfigured | OutcomeUnknown:
    """Read a refusal: in the operator's words nothing was done, in others nobody knows."""
    code = _refusal_code(sent)
    kept = receipt(token, code or "", told, sent)
    if code is not None or sent.status in (401, 403):
        return Misconfigured(f"the operator answered {sent.status} {code or ''}".strip(), kept)
    return OutcomeUnknown(f"the operator answered {sent.status} in foreign words", kept)


def _refusal_code(sent: Answer) -> str | None:
    try:
        return wire.read_refusal(sent.body).error.code
    except (msgspec.DecodeError, RecursionError):
        return None
