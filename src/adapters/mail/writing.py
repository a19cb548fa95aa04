"""Write a letter: headers nobody can add to, a text and its HTML twin, in the reader's language."""

from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from adapters.mail.wording import LANGUAGES, day_text, header_name, one_line, sum_text
from application.notifications.ports import Letter

_TEMPLATES = Path(__file__).parent / "templates"
_OTHERWISE = "en"
# What would end an address, or begin another, in a header or on the line of a command.
_SPECIAL = frozenset(' \\"(),:;<>[]')
_SUBJECT = {"en": "Payout of {amount} for {day}", "ru": "Выплата {amount} за {day}"}


class Unwritable(ValueError):
    """Nobody can be reached under this address."""


class LetterWriter:
    """Writes letters of one sender from the templates of this package."""

    def __init__(self, sender: Address) -> None:
        self._sender = sender
        self._templates = _environment()

    @property
    def sender(self) -> str:
        """The address that letters come from."""
        return self._sender.addr_spec

    def message_id(self, letter: Letter) -> str:
        """Return what names the letter for ever, however often it is sent."""
        return f"<payout-{letter.notice.payout_id}@{self._sender.domain}>"

    def write(self, letter: Letter) -> tuple[EmailMessage, str]:
        """Return the message and the address it goes to; raises Unwritable."""
        language = letter.addressee.language
        if language not in LANGUAGES:
            language = _OTHERWISE
        notice = letter.notice
        name = one_line(letter.addressee.name)
        words = {
            "name": name,
            "number": str(notice.payout_id),
            "amount": sum_text(notice.amount, language),
            "day": day_text(notice.run_date, language),
            "carried": sum_text(notice.opening_carry, language),
            "net": sum_text(notice.period_net, language),
        }
        address = reachable(letter.addressee.email)
        message = EmailMessage(policy=SMTP)
        try:
            message["From"] = self._sender
            message["To"] = _addressed(header_name(name), address)
            message["Subject"] = _SUBJECT[language].format(**words)
        except (ValueError, IndexError, MessageError) as error:
            raise Unwritable(f"the address cannot be written to: {error}") from error
        message["Date"] = letter.written_at
        message["Message-ID"] = self.message_id(letter)
        message["Auto-Submitted"] = "auto-generated"
        text = self._templates.get_template(f"{language}/payout.txt").render(words)
        page = self._templates.get_template(f"{language}/payout.html").render(words)
        # Plain 7-bit lines survive every relay on the way.
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(page, subtype="html", cte="quoted-printable")
        return message, address


def _addressed(name: str, address: str) -> Address:
    """Put name and address together; what is beyond ASCII the library takes only in parts."""
    if address.isascii():
        return Address(name, addr_spec=address)
    local, _, domain = address.rpartition("@")
    return Address(name, username=local, domain=domain)


def reachable(address: str) -> str:
    """Return an address with its domain in ASCII; raises Unwritable."""
    local, _, domain = address.rpartition("@")
    if not local or one_line(address) != address or any(one in _SPECIAL for one in address):
        raise Unwritable("that is not an e-mail address")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise Unwritable("the domain of the address cannot be one") from error


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"], default=False, default_for_string=True),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
