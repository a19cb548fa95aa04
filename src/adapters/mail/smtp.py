"""Hand letters to a mail server: a few connections for a batch, and an answer for each letter."""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from email.headerregistry import Address

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from adapters.mail.server import MailServer
from adapters.mail.wording import one_line
from adapters.mail.writing import LetterWriter, Unwritable
from application.notifications.ports import Delivered, Delivery, Letter, PutOff, Refused

_LONGEST_WHY = 500
_GOODBYE_SECONDS = 2.0
_Waiting = Iterator[tuple[int, Letter]]


class SmtpMailer:
    """Sends letters by SMTP.

    Only a final no (5xx) to the recipient or to the letter itself refuses it: what is wrong with
    the connection, the login or the sender is the deployment's to mend, and the letter waits. A
    server that fell silent after the letter leaves it unknown whether it took it; the letter is
    put off, and comes again under the same Message-ID. A batch takes `batch_seconds` at most; what
    is not through by then is put off too.
    """

    def __init__(
        self,
        server: MailServer,
        sender: Address,
        *,
        timeout_seconds: float = 8.0,
        batch_seconds: float = 20.0,
        connections: int = 4,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._writer = LetterWriter(sender)
        self._timeout = timeout_seconds
        self._batch = batch_seconds
        self._connections = connections
        self._tls = tls

    async def deliver(self, letters: Sequence[Letter]) -> Sequence[Delivery]:
        """Hand letters over; answer for each, in order."""
        told: dict[int, Delivery] = {}
        closed: list[str] = []
        waiting = iter(enumerate(letters))
        try:
            async with asyncio.timeout(self._batch), asyncio.TaskGroup() as lanes:
                for _ in range(min(self._connections, len(letters))):
                    lanes.create_task(self._lane(waiting, told, closed))
        except TimeoutError:
            pass
        left = PutOff(closed[-1] if closed else "the mail server was too slow for a whole batch")
        return [told.get(place, left) for place in range(len(letters))]

    async def _lane(self, waiting: _Waiting, told: dict[int, Delivery], closed: list[str]) -> None:
        """Send what is waiting over one connection, and a new one whenever it broke.

        A lane the server does not let in ends; the rest of the letters is left to the others.
        """
        client: SMTP | None = None
        try:
            for place, letter in waiting:
                if client is None or not client.is_connected:
                    client = self._client()
                    why = await self._greeted(client)
                    if why is not None:
                        told[place] = PutOff(why)
                        closed.append(why)
                        return
                told[place] = await self._sent(client, letter)
                if isinstance(told[place], PutOff):
                    client.close()  # who knows what it would answer to the next letter
            await self._left(client)
        finally:
            if client is not None:
                client.close()

    async def _greeted(self, client: SMTP) -> str | None:
        """Connect and sign in; return what went wrong."""
        try:
            await client.connect()
        except (SMTPException, OSError, ValueError) as error:
            return f"the mail server cannot be used: {_told(error)}"
        return None

    async def _sent(self, client: SMTP, letter: Letter) -> Delivery:
        try:
            message, address = self._writer.write(letter)
        except Unwritable as error:
            return Refused(str(error))
        try:
            await client.send_message(message, sender=self._writer.sender, recipients=[address])
        except (SMTPException, OSError, ValueError) as error:
            return _judged(error, {letter.addressee.email, address})
        return Delivered(self._writer.message_id(letter))

    async def _left(self, client: SMTP | None) -> None:
        """Say goodbye; what was taken stays taken when nobody answers."""
        if client is None or not client.is_connected:
            return
        try:
            await client.quit(timeout=_GOODBYE_SECONDS)
        except (SMTPException, OSError):
            return

    def _client(self) -> SMTP:
        server = self._server
        return SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            timeout=self._timeout,
            use_tls=server.is_tls,
            start_tls=server.is_starttls,
            tls_context=self._tls,
        )


def _judged(error: Exception, addresses: set[str]) -> Delivery:
    """Tell a no that stays from one that may pass; addresses are kept out of the reason."""
    match error:
        case SMTPRecipientsRefused(recipients=[first, *_]):
            final, why = first.code >= 500, f"the recipient was refused: {_told(first)}"
        case SMTPDataError(code=code):
            final, why = code >= 500, f"the letter was refused: {_told(error)}"
        case SMTPNotSupported() | ValueError():
            final, why = True, f"the address cannot be used: {_told(error)}"
        case _:
            final, why = False, f"the letter did not go through: {_told(error)}"
    for address in addresses:
        why = why.replace(address, "…")
    return Refused(why) if final else PutOff(why)


def _told(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return one_line(f"{error.code} {error.message}")[:_LONGEST_WHY]
    return one_line(f"{type(error).__name__} {error}")[:_LONGEST_WHY]
