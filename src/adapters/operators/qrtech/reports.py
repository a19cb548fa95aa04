"""Callbacks of QRTech, read into reports: orders, stops, and charges the operator made."""

from collections.abc import Sequence
from hmac import compare_digest
from urllib.parse import parse_qsl

from adapters.operators.callbacks import check_length, only_value, stable_id
from adapters.operators.declines import declined
from adapters.operators.numbers import Numbers
from adapters.operators.qrtech.settings import QRTechOptions, Sold
from adapters.operators.receipts import shown
from application.carrier.gateway import (
    Accepted,
    CallbackRefused,
    ChargeReported,
    OperatorReceipt,
    Paid,
    RawCallback,
    Report,
    SubscribeRequested,
    UnsubscribeRequested,
)
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency, Money
from domain.shared.msisdn import Msisdn

_PAID = "200"
_MOST_FIELDS = 50
Form = Sequence[tuple[str, str]]


class Reader:
    """Checks the sender, then reads the form."""

    def __init__(self, options: QRTechOptions, numbers: Numbers, currency: Currency) -> None:
        self._options = options
        self._numbers = numbers
        self._currency = currency

    def read(self, callback: RawCallback) -> Sequence[Report]:
        """Read one callback; raise CallbackRefused."""
        check_length(callback)
        self._options.sender.check(callback)
        form = _form(callback.body)
        match callback.path.rpartition("/")[2]:
            case "mo":
                self._check_token(form)
                return [self._text(form)]
            case "dn":
                return [self._outcome(form)]
            case _:
                raise CallbackRefused("callbacks go to mo or dn", authentic=True)

    def _check_token(self, form: Form) -> None:
        given = [value for name, value in form if name == "motoken"]
        wanted = self._options.mo_token.encode()
        if len(given) != 1 or not compare_digest(given[0].encode("utf-8", "surrogatepass"), wanted):
            raise CallbackRefused("the order does not carry its token", authentic=False)

    def _text(self, form: Form) -> Report:
        msisdn, sold = self._number(form), self._sold(form)
        message_id = only_value(form, "msgid")
        text = shown(only_value(form, "message"))
        event_id = stable_id("mo", message_id, msisdn.digits, text)
        if any(word.casefold() in self._options.stop_words for word in text.split()):
            return UnsubscribeRequested(
                event_id=event_id, msisdn=msisdn, service_code=sold.service_code, text=text
            )
        return SubscribeRequested(
            event_id=event_id,
            msisdn=msisdn,
            service_code=sold.service_code,
            text=text,
            operator_token=message_id[:64] or None,
        )

    def _outcome(self, form: Form) -> ChargeReported:
        msisdn, sold = self._number(form), self._sold(form)
        code = shown(only_value(form, "dnerrorcode"))[:64]
        token = only_value(form, "dnid")[:64]
        if not token:
            raise CallbackRefused("the notification has no id", authentic=True)
        receipt = OperatorReceipt(token=token, code=code, raw_response=shown(f"{form}"))
        reason = self._options.declines.get(code)
        outcome: Paid | Accepted
        # 100 means "queued", and a code nobody knows may mean anything: neither decides.
        outcome = Accepted(receipt)
        if code == _PAID:
            outcome = Paid(receipt, Money(sold.price_minor, self._currency))
        return ChargeReported(
            event_id=stable_id("dn", token, code),
            outcome=declined(receipt, reason) if reason else outcome,
            token=token,
            msisdn=msisdn,
            service_code=sold.service_code,
        )

    def _number(self, form: Form) -> Msisdn:
        try:
            return self._numbers.read(only_value(form, "msisdn"))
        except InvalidValue as error:
            raise CallbackRefused("the callback names no number", authentic=True) from error

    def _sold(self, form: Form) -> Sold:
        sold = self._options.sold.get(only_value(form, "shortcode"))
        if sold is None:
            raise CallbackRefused("nothing is sold under that short code", authentic=True)
        return sold


def _form(body: bytes) -> Form:
    try:
        return parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=True,
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise CallbackRefused("the callback is no form", authentic=True) from error
