"""A letter says the same in its text and its HTML, and nobody's name can add to it."""

from datetime import date
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.mail.wording import day_text, sum_text
from adapters.mail.writing import LetterWriter, Unwritable
from domain.shared.money import Money
from tests.adapters.mail.letters import SENDER, WRITTEN, a_letter

WRITER = LetterWriter(SENDER)
HOSTILE = 'Ivan\r\nBcc: all@example.net\r\n\r\n<b>"x, <y@example.net>'


def read(**addressee: str) -> EmailMessage:
    """Write a letter, send it over a wire, and read it back."""
    message, _ = WRITER.write(a_letter(**addressee))
    return message_from_bytes(message.as_bytes(), policy=policy.default)


def bodies(message: EmailMessage) -> tuple[str, str]:
    text, page = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert page is not None
    return text.get_content(), page.get_content()


def test_it_names_the_payout_the_day_the_sum_and_what_it_is_made_of() -> None:
    message = read()
    assert message["Subject"] == "Payout of 1,234.50 USD for 2 March 2026"
    for body in bodies(message):
        for word in (
            "Nestor",
            "1,234.50 USD",
            "2 March 2026",
            "-0.50 USD",
            "1,235.00 USD",
            "00000000-0000-0000-0000-000000000001",
        ):
            assert word in body, word


def test_it_speaks_russian_to_those_who_read_russian() -> None:
    message = read(name="Нестор", language="ru")
    assert message["Subject"] == "Выплата 1\xa0234,50 USD за 2 марта 2026 г."
    for body in bodies(message):
        for word in ("Здравствуйте, Нестор!", "1\xa0234,50 USD", "-0,50 USD", "2 марта 2026 г."):
            assert word in body, word


def test_a_language_nobody_wrote_templates_for_is_english() -> None:
    assert "Hello" in bodies(read(language="fr"))[0]


def test_its_headers_say_who_when_and_that_no_person_wrote_it() -> None:
    message = read()
    assert message["From"] == "Kazna <payouts@example.com>"
    assert message["To"] == "Nestor <worker1@example.org>"
    assert message["Message-ID"] == "<payout-00000000-0000-0000-0000-000000000001@example.com>"
    assert message["Date"].datetime == WRITTEN
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"


def test_a_repeat_has_the_same_headers() -> None:
    first, second = read(), read()
    assert first.items()[:6] == second.items()[:6]


def test_a_hostile_name_adds_no_header_no_recipient_and_no_markup() -> None:
    message = read(name=HOSTILE)
    assert message["Bcc"] is None
    (only,) = message["To"].addresses
    assert only.addr_spec == "worker1@example.org"
    text, page = bodies(message)
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert text.splitlines()[0].startswith("Hello Ivan Bcc:"), "it is one line of the text"


@given(name=st.text(max_size=120))
@example("Иван, из бухгалтерии <x@example.net>; " * 3)
@example("=?utf-8?q?=0D=0ABcc:_all@example.net?=")
@example('"')
@example("a" * 120)
def test_whatever_the_name_the_letter_goes_to_one_address(name: str) -> None:
    message = read(name=name)
    (only,) = message["To"].addresses
    assert only.addr_spec == "worker1@example.org"
    assert message["Bcc"] is None
    assert len(message.items()) == 8


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a@b@",
        "a@example.org\r\nBcc: all@example.net",
        "a b@example.org",
        "a@example.org, b@example.org",
        "a@example.org>",
        f"a@{'b' * 64}.org",
        "a@b..org",
    ],
)
def test_an_address_that_is_none_is_not_written_to(email: str) -> None:
    with pytest.raises(Unwritable):
        WRITER.write(a_letter(email=email))


def test_a_domain_beyond_ascii_is_written_as_the_net_knows_it() -> None:
    message, address = WRITER.write(a_letter(email="ivan@почта.рф"))
    assert address == "ivan@xn--80a1acny.xn--p1ai"
    assert message["To"].addresses[0].addr_spec == address


@pytest.mark.parametrize(
    ("amount", "currency", "english", "russian"),
    [
        (0, "USD", "0.00 USD", "0,00 USD"),
        (-5, "USD", "-0.05 USD", "-0,05 USD"),
        (-123_456_789, "RUB", "-1,234,567.89 RUB", "-1\xa0234\xa0567,89 RUB"),
        (1_000, "JPY", "1,000 JPY", "1\xa0000 JPY"),
        (1_234, "KWD", "1.234 KWD", "1,234 KWD"),
    ],
)
def test_sums_are_written_as_each_language_does(
    amount: int, currency: str, english: str, russian: str
) -> None:
    money = Money.of(amount, currency)
    assert (sum_text(money, "en"), sum_text(money, "ru")) == (english, russian)


def test_every_month_has_its_name() -> None:
    for language in ("en", "ru"):
        written = {day_text(date(2026, month, 1), language) for month in range(1, 13)}
        assert len(written) == 12
