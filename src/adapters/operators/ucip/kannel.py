"""Texts through a Kannel-like gate: one GET, 200, 201 or 202 for "taken"."""

from adapters.operators.receipts import receipt
from adapters.operators.transport import Answer, OperatorHttp
from adapters.operators.ucip.settings import UcipOptions
from application.carrier.gateway import (
    NotSent,
    OperatorReceipt,
    OperatorSettings,
    SmsOutcome,
    SmsRejected,
    SmsRequest,
    SmsSent,
)

_TAKEN = frozenset({200, 201, 202})


class Kannel:
    """The gate; without an address in the options it refuses every text."""

    def __init__(self, settings: OperatorSettings, options: UcipOptions) -> None:
        self._options = options
        self._http = (
            OperatorHttp(
                settings,
                url=options.sms_url,
                plain_allowed=options.plain_allowed,
                conclusive=_TAKEN,
            )
            if options.sms_url
            else None
        )

    async def send(self, request: SmsRequest) -> SmsOutcome:
        """Send a text; what is not plain ASCII travels as UTF-8 and says so."""
        if self._http is None:
            nothing = OperatorReceipt(token=request.id, code="unsupported")
            return SmsRejected(nothing, "this operator has no gate for texts")
        shown = {"to": request.msisdn.digits, "text": request.text}
        if not request.text.isascii():
            shown |= {"charset": "UTF-8", "coding": "2"}
        for name, value in (("from", self._options.sms_from), ("smsc", self._options.sms_smsc)):
            if value:
                shown[name] = value
        secret = {"username": self._options.sms_user, "password": self._options.sms_password}
        told = f"GET {self._options.sms_path} {shown}"
        sent = await self._http.send(
            "GET", self._options.sms_path, token=request.id, told=told, query={**secret, **shown}
        )
        if not isinstance(sent, Answer):
            return sent
        kept = receipt(request.id, str(sent.status), told, sent)
        if sent.status in _TAKEN:
            return SmsSent(kept)
        if sent.status in (401, 403):
            return NotSent("the gate for texts refused our credentials")
        return SmsRejected(kept, f"the gate for texts answered {sent.status}")

    async def aclose(self) -> None:
        """Close connections."""
        if self._http is not None:
            await self._http.aclose()
