"""Numbers as an operator writes and reads them, and whose they are."""

from adapters.phone_numbers import parse_number
from application.carrier.gateway import ChargeRequest, Misconfigured, OperatorSettings
from domain.shared.errors import InvalidValue
from domain.shared.money import Currency
from domain.shared.msisdn import Msisdn


class Numbers:
    """The numbering of one operator; raises ValueError for a country code or prefix that is none.

    `prefixes` of the settings are whole beginnings, country code included; none means any number
    of the country.
    """

    def __init__(self, settings: OperatorSettings) -> None:
        if not settings.country_code.isascii() or not settings.country_code.isdigit():
            raise ValueError("the operator's country code is digits, like 92")
        self._country_code = settings.country_code
        self._prefixes = tuple(settings.prefixes) or (settings.country_code,)
        if not all(one.startswith(settings.country_code) for one in self._prefixes):
            raise ValueError("the operator's prefixes begin with its country code")

    def serve(self, msisdn: Msisdn) -> bool:
        """Tell whether a number may be this operator's."""
        return msisdn.digits.startswith(self._prefixes)

    def national(self, msisdn: Msisdn) -> str:
        """Return the digits without the country code."""
        return msisdn.digits.removeprefix(self._country_code)

    def read(self, text: str) -> Msisdn:
        """Read a number as operators write it; raise InvalidValue, which never shows the number."""
        return parse_number(text, country_code=self._country_code)


def misdirected(
    request: ChargeRequest, numbers: Numbers, currency: Currency
) -> Misconfigured | None:
    """Say what is wrong with a charge before anything is sent; None where nothing is.

    A number of another operator and an amount in another currency are ours to put right: the
    operator would refuse them, or worse, take them for something else.
    """
    if not numbers.serve(request.msisdn):
        return Misconfigured("the number is another operator's")
    if request.money.currency != currency:
        return Misconfigured(f"the operator charges in {currency}, not {request.money.currency}")
    if not request.money.is_positive:
        return Misconfigured("an amount to charge is more than nothing")
    return None


def currency_of(settings: OperatorSettings) -> Currency:
    """Return the operator's currency; raise ValueError for what is none."""
    try:
        return Currency(settings.currency)
    except InvalidValue as error:
        raise ValueError(str(error)) from error
