"""Read numbers as people and partners write them; keep them in one form."""

import re

import phonenumbers

from domain.shared.errors import InvalidValue
from domain.shared.msisdn import Msisdn

# The library takes digits of every script; a number that is stored takes ten.
_WRITTEN = re.compile(r"[0-9+() .\-]{5,40}")


def parse_number(text: str, *, country_code: str) -> Msisdn:
    """Read a number, with or without its country code; refuse what cannot be one.

    `country_code` is the operator's; a number that begins with it is taken to be international.
    Operators' own ranges change faster than any table, so only the length is judged.
    """
    if not _WRITTEN.fullmatch(text):
        raise InvalidValue("a number is written with digits, spaces, dashes, brackets and a plus")
    digits = re.sub(r"[^0-9]", "", text)
    if digits.startswith("00"):
        digits = digits[2:]
    elif not text.strip().startswith("+") and not digits.startswith(country_code):
        digits = country_code + digits.removeprefix("0")
    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException as error:
        raise InvalidValue("that is not a phone number") from error
    possible = phonenumbers.is_possible_number_with_reason(parsed)
    if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
        raise InvalidValue("a number of that country has another length")
    return Msisdn(f"{parsed.country_code}{parsed.national_number}")
