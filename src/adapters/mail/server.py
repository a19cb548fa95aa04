"""Where the mail server is and who writes: read from the settings of a deployment."""

from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from urllib.parse import parse_qsl, unquote, urlsplit

_WANTED = "an address such as smtp://user:password@mail.example.com:587?starttls=1 or smtps://…"
_PLAIN_PORT, _SUBMISSION_PORT, _TLS_PORT = 25, 587, 465


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """A mail server: TLS from the first byte, by STARTTLS, which is then required, or none."""

    host: str
    port: int
    is_tls: bool
    is_starttls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def mail_server(url: str) -> MailServer:
    """Read `smtp://` or `smtps://`; raises ValueError with what is expected.

    The port is 465 for `smtps`, 587 with `?starttls=1`, else 25. User and password are
    percent-encoded, and come together.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    is_starttls = options.pop("starttls", "0") == "1"
    is_tls = parts.scheme == "smtps"
    sound = (
        parts.scheme in ("smtp", "smtps")
        and bool(parts.hostname)
        and not options
        and not (is_tls and is_starttls)
        and parts.path in ("", "/")
        and not parts.fragment
        and bool(parts.username) == bool(parts.password)
    )
    if not sound:
        raise ValueError(_WANTED)
    usual = _TLS_PORT if is_tls else _SUBMISSION_PORT if is_starttls else _PLAIN_PORT
    try:
        port = parts.port or usual
    except ValueError as error:
        raise ValueError(_WANTED) from error
    return MailServer(
        host=parts.hostname or "",
        port=port,
        is_tls=is_tls,
        is_starttls=is_starttls,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def mail_sender(text: str) -> Address:
    """Read `payouts@example.com` or `Kazna <payouts@example.com>`; raises ValueError."""
    wanted = "a mailbox such as Kazna <payouts@example.com>"
    name, address = parseaddr(text)
    try:
        sender = Address(display_name=name, addr_spec=address)
    except (ValueError, IndexError, MessageError) as error:
        raise ValueError(wanted) from error
    is_whole = bool(sender.username and sender.domain) and text.strip().endswith((address, ">"))
    if not is_whole or not text.isprintable() or not address.isascii():
        raise ValueError(wanted)
    return sender
