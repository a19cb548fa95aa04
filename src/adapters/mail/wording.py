"""How sums, days and names are written in letters, in Russian and English."""

import unicodedata
from datetime import date

from domain.shared.money import Money

_NARROW = "\N{NO-BREAK SPACE}"
_MARKS = {"en": (",", "."), "ru": (_NARROW, ",")}
_MONTHS = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
LANGUAGES = tuple(_MARKS)


def sum_text(money: Money, language: str) -> str:
    """Write a sum: `1,234.50 USD`, `1 234,50 USD`; a debt has a minus."""
    thousands, point = _MARKS[language]
    whole, _, part = money.decimal_text().partition(".")
    grouped = f"{int(whole):,}".replace(",", thousands)
    # -0.50 has a whole part of no sign.
    if whole.startswith("-") and not grouped.startswith("-"):
        grouped = f"-{grouped}"
    return f"{grouped}{point}{part} {money.currency}" if part else f"{grouped} {money.currency}"


def day_text(day: date, language: str) -> str:
    """Write a day: `2 March 2026`, `2 марта 2026 г.`."""
    month = _MONTHS[language].split()[day.month - 1]
    return f"{day.day} {month} {day.year}" + (" г." if language == "ru" else "")


def one_line(text: str) -> str:
    """Return a text without line breaks, control and direction characters."""
    kept = "".join(one if one.isprintable() else " " for one in text)
    return " ".join(kept.split())


def header_name(text: str) -> str:
    """Return a name as it stands beside an address: letters, digits, spaces, hyphens, apostrophes.

    Everything else has a meaning in a header, or is taken for one by somebody: `=?…?=` is decoded
    wherever it stands, and quotes are lost where a long name is folded.
    """
    kept = "".join(one if _is_of_a_name(one) else " " for one in text)
    return " ".join(kept.split())


def _is_of_a_name(one: str) -> bool:
    return one in "-'’" or unicodedata.category(one)[0] in "LMN"
