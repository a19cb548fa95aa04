"""A mail server that keeps what it takes, and goes wrong as it is told to.

It stands in for the deployment's own server: letters stay in memory, nothing leaves the machine.
"""

import asyncio
import ssl
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

_TAKEN = "250 OK"
_IDENT = "Kazna sandbox"


class Fault(StrEnum):
    """How a letter goes wrong: at its recipient, at its text, or on its way."""

    LATER = "later"
    NEVER = "never"
    UNWANTED = "unwanted"
    HANG = "hang"
    DROP = "drop"
    DROP_TAKEN = "drop_taken"


_AT_RECIPIENT: Mapping[Fault, str] = {
    Fault.LATER: "451 4.3.0 try again later",
    Fault.NEVER: "550 5.1.1 nobody has this address",
}
_AT_TEXT: Mapping[Fault, str] = {Fault.UNWANTED: "554 5.7.1 this is not wanted here"}


@dataclass(slots=True)
class Trouble:
    """A fault that strikes so many letters more, to one recipient or to any; None is for ever."""

    fault: Fault
    recipient: str | None = None
    times: int | None = None

    def strikes(self, recipients: Sequence[str]) -> bool:
        """Tell whether it strikes this letter, and count it."""
        if self.times == 0 or (self.recipient is not None and self.recipient not in recipients):
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(frozen=True, slots=True)
class Caught:
    """A letter as it came: the envelope's addresses, and every byte of it."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    is_encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        """Read the letter."""
        return message_from_bytes(self.raw, policy=policy.default)


@dataclass(slots=True)
class MailCatcher:
    """An SMTP server on the running loop; port 0 lets the system choose one.

    With `tls` it offers STARTTLS, or speaks TLS from the first byte where `is_tls`. With a `login`
    it takes letters of that user alone.
    """

    host: str = "127.0.0.1"
    port: int = 0
    tls: ssl.SSLContext | None = None
    is_tls: bool = False
    login: tuple[str, str] | None = None
    letters: list[Caught] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    connections: int = 0
    _server: asyncio.Server | None = None
    _open: set[SMTP] = field(default_factory=set)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._over.clear()
        self._server = await loop.create_server(
            self._protocol, self.host, self.port, ssl=self.tls if self.is_tls else None
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop: whoever is still connected is hung up on; letters and port stay."""
        self._over.set()
        if self._server is not None:
            self._server.close()
            for one in self._open:
                _hang_up(one)
            await self._server.wait_closed()

    def expect(self, fault: Fault, *, recipient: str | None = None, times: int | None = 1) -> None:
        """Let the next letters go wrong, or those to one recipient."""
        self.troubles.append(Trouble(fault, recipient, times))

    def to(self, recipient: str) -> list[Caught]:
        """Return the letters to somebody, in the order they came."""
        return [one for one in self.letters if recipient in one.recipients]

    def _protocol(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            # A login without TLS is a risk the library warns of; this server is a sandbox.
            warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS", UserWarning)
            server = SMTP(
                self,
                hostname=self.host,
                ident=_IDENT,
                enable_SMTPUTF8=True,
                tls_context=None if self.is_tls else self.tls,
                require_starttls=self.tls is not None and not self.is_tls,
                auth_required=self.login is not None,
                auth_require_tls=False,
                authenticator=self._authenticated if self.login is not None else None,
                loop=asyncio.get_running_loop(),
            )
        self._open = {one for one in self._open if one.transport is not None} | {server}
        return server

    def _authenticated(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
    ) -> AuthResult:
        assert self.login is not None, "asked for only where there is a login"
        user, password = (one.encode() for one in self.login)
        is_right = isinstance(given, LoginPassword) and given == LoginPassword(user, password)
        return AuthResult(success=is_right, handled=False, auth_data=self.login[0])

    def _struck(self, recipients: Sequence[str], *faults: Fault) -> Fault | None:
        return next(self._strikes(recipients, faults), None)

    def _strikes(self, recipients: Sequence[str], faults: Sequence[Fault]) -> Iterator[Fault]:
        for one in self.troubles:
            if one.fault in faults and one.strikes(recipients):
                yield one.fault

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient, or answer as a trouble says."""
        fault = self._struck([address], *_AT_RECIPIENT)
        if fault is not None:
            return _AT_RECIPIENT[fault]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return _TAKEN

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a letter, or let it go wrong; one that is dropped after it was taken is kept."""
        others = set(Fault) - set(_AT_RECIPIENT)
        fault = self._struck(envelope.rcpt_tos, *others)
        if fault is not None and fault in _AT_TEXT:
            return _AT_TEXT[fault]
        if fault is Fault.HANG:
            await self._over.wait()
        if fault in (None, Fault.DROP_TAKEN):
            self.letters.append(_caught(server, session, envelope))
        if fault is not None:
            _hang_up(server)
        return _TAKEN


def _caught(server: SMTP, session: Session, envelope: Envelope) -> Caught:
    assert isinstance(envelope.original_content, bytes), "the server was told to decode nothing"
    assert server.transport is not None, "whoever sent it is still there"
    user = session.auth_data
    return Caught(
        sender=envelope.mail_from or "",
        recipients=tuple(envelope.rcpt_tos),
        raw=envelope.original_content,
        is_encrypted=server.transport.get_extra_info("sslcontext") is not None,
        user=user if isinstance(user, str) else None,
    )


def _hang_up(server: SMTP) -> None:
    if server.transport is not None:
        cast("asyncio.Transport", server.transport).abort()
