"""Letters reach a real SMTP server, or the answer says why not and whether that will stay so."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.mail.server import mail_server
from adapters.mail.smtp import SmtpMailer
from application.notifications.ports import Delivered, PutOff, Refused
from entrypoints.sandbox.mail import Fault, MailCatcher
from tests.adapters.mail.letters import SENDER, a_letter

ANNA, BORIS = "worker1@example.org", "worker2@example.org"


def mailer(catcher: MailCatcher, url: str = "smtp://127.0.0.1:{port}", **more: Any) -> SmtpMailer:
    return SmtpMailer(mail_server(url.format(port=catcher.port)), SENDER, **more)


async def test_a_letter_arrives_as_it_was_written() -> None:
    async with MailCatcher() as catcher:
        (answer,) = await mailer(catcher).deliver([a_letter(1, name="Анна", language="ru")])

    (caught,) = catcher.letters
    assert answer == Delivered(caught.message["Message-ID"])
    assert (caught.sender, caught.recipients) == ("payouts@example.com", (ANNA,))
    assert caught.message["To"] == f"Анна <{ANNA}>"
    page = caught.message.get_body(("html",))
    assert page is not None
    assert "Анна" in page.get_content()
    assert max(map(len, caught.raw.splitlines())) <= 998
    assert caught.raw.isascii()


async def test_a_batch_goes_over_few_connections_and_is_answered_in_order() -> None:
    letters = [a_letter(number) for number in range(1, 21)]
    async with MailCatcher() as catcher:
        catcher.expect(Fault.NEVER, recipient=BORIS)
        answers = await mailer(catcher).deliver(letters)

    assert catcher.connections <= 4
    assert isinstance(answers[1], Refused)
    assert sum(isinstance(one, Delivered) for one in answers) == 19
    assert {one.recipients[0] for one in catcher.letters} == {
        letter.addressee.email for letter in letters
    } - {BORIS}


@pytest.mark.parametrize(
    ("fault", "answer", "word"),
    [
        (Fault.LATER, PutOff, "451"),
        (Fault.NEVER, Refused, "550"),
        (Fault.UNWANTED, Refused, "554"),
        (Fault.DROP, PutOff, "Disconnected"),
        (Fault.DROP_TAKEN, PutOff, "Disconnected"),
        (Fault.HANG, PutOff, "Timeout"),
    ],
)
async def test_what_goes_wrong_with_one_letter_is_judged_and_the_next_goes_through(
    fault: Fault, answer: type, word: str
) -> None:
    async with MailCatcher() as catcher:
        catcher.expect(fault, recipient=ANNA)
        post = mailer(catcher, connections=1, timeout_seconds=0.3)
        first, second = await post.deliver([a_letter(1), a_letter(2)])

    assert type(first) is answer
    assert word in first.why  # type: ignore[union-attr]
    assert isinstance(second, Delivered)
    assert len(catcher.to(ANNA)) == (fault is Fault.DROP_TAKEN)


async def test_what_was_taken_before_the_line_broke_comes_again_under_the_same_id() -> None:
    async with MailCatcher() as catcher:
        catcher.expect(Fault.DROP_TAKEN)
        post = mailer(catcher)
        answers = [(await post.deliver([a_letter()]))[0] for _ in range(2)]

    assert [type(one) for one in answers] == [PutOff, Delivered]
    assert len({one.message["Message-ID"] for one in catcher.letters}) == 1
    assert len(catcher.letters) == 2


async def test_a_server_that_is_away_puts_everything_off() -> None:
    async with MailCatcher() as catcher:
        pass
    answers = await mailer(catcher).deliver([a_letter(number) for number in range(1, 9)])
    assert {type(one) for one in answers} == {PutOff}
    assert all("cannot be used" in one.why for one in answers if isinstance(one, PutOff))


async def test_a_server_that_hangs_holds_a_batch_no_longer_than_it_may() -> None:
    async with MailCatcher() as catcher:
        catcher.expect(Fault.HANG, times=None)
        post = mailer(catcher, timeout_seconds=30, batch_seconds=0.3)
        answers = await asyncio.wait_for(post.deliver([a_letter(1), a_letter(2)]), 5)

    assert [type(one) for one in answers] == [PutOff, PutOff]


async def test_the_login_is_used_and_a_wrong_one_puts_off_without_showing_itself() -> None:
    async with MailCatcher(login=("kazna", "right")) as catcher:
        url = "smtp://kazna:{password}@127.0.0.1:{port}"
        right = mailer(catcher, url.replace("{password}", "right"))
        wrong = mailer(catcher, url.replace("{password}", "wr0ng"))
        assert isinstance((await right.deliver([a_letter()]))[0], Delivered)
        (answer,) = await wrong.deliver([a_letter()])

    assert [one.user for one in catcher.letters] == ["kazna"]
    assert isinstance(answer, PutOff)
    assert "535" in answer.why
    assert "wr0ng" not in answer.why


async def test_an_address_beyond_ascii_is_reached_where_the_server_knows_how() -> None:
    async with MailCatcher() as catcher:
        (answer,) = await mailer(catcher).deliver([a_letter(email="иван@example.org")])
    assert isinstance(answer, Delivered)
    assert catcher.letters[0].recipients == ("иван@example.org",)


async def test_an_address_that_is_none_is_refused_before_anybody_is_asked() -> None:
    async with MailCatcher() as catcher:
        (answer,) = await mailer(catcher).deliver([a_letter(email=f"{ANNA}>\r\nDATA")])
    assert isinstance(answer, Refused)
    assert catcher.letters == []


async def test_reasons_do_not_tell_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with MailCatcher() as catcher:
        telling = f"550 5.1.1 <{ANNA}>: nobody"
        monkeypatch.setattr("entrypoints.sandbox.mail._AT_RECIPIENT", {Fault.NEVER: telling})
        catcher.expect(Fault.NEVER)
        (answer,) = await mailer(catcher).deliver([a_letter(1)])
    assert isinstance(answer, Refused)
    assert "550 5.1.1 <…>: nobody" in answer.why


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and the certificate of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.mark.parametrize(
    ("is_tls", "url"),
    [(True, "smtps://127.0.0.1:{port}"), (False, "smtp://127.0.0.1:{port}?starttls=1")],
)
async def test_letters_go_over_tls_and_only_to_a_server_that_proves_itself(
    authority: Path, is_tls: bool, url: str
) -> None:
    serves = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serves.load_cert_chain(authority)
    trusts = ssl.create_default_context(cafile=str(authority))
    async with MailCatcher(tls=serves, is_tls=is_tls) as catcher:
        (answer,) = await mailer(catcher, url, tls=trusts).deliver([a_letter()])
        (doubted,) = await mailer(catcher, url).deliver([a_letter()])

    assert isinstance(answer, Delivered)
    assert [one.is_encrypted for one in catcher.letters] == [True]
    assert isinstance(doubted, PutOff)
    assert "certificate" in doubted.why.lower()


async def test_starttls_is_required_where_it_is_asked_for() -> None:
    async with MailCatcher() as catcher:
        (answer,) = await mailer(catcher, "smtp://127.0.0.1:{port}?starttls=1").deliver(
            [a_letter()]
        )
    assert isinstance(answer, PutOff)
    assert catcher.letters == []
