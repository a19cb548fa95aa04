"""The address of a mail server is read strictly, and never shows its password."""

import pytest

from adapters.mail.server import MailServer, mail_sender, mail_server
from entrypoints.settings import WrongSetting, read_settings


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "smtp://mail.test",
            MailServer(host="mail.test", port=25, is_tls=False, is_starttls=False),
        ),
        (
            "smtp://a%40b.test:p%2Fw@mail.test?starttls=1",
            MailServer(
                host="mail.test",
                port=587,
                is_tls=False,
                is_starttls=True,
                user="a@b.test",
                password="p/w",
            ),
        ),
        (
            "smtps://mail.test/",
            MailServer(host="mail.test", port=465, is_tls=True, is_starttls=False),
        ),
        ("smtps://[::1]:2465", MailServer(host="::1", port=2465, is_tls=True, is_starttls=False)),
    ],
)
def test_what_is_written(url: str, expected: MailServer) -> None:
    assert mail_server(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.test",
        "http://mail.test",
        "smtp://",
        "smtp://user@mail.test",
        "smtp://:password@mail.test",
        "smtps://mail.test?starttls=1",
        "smtp://mail.test?tls=1",
        "smtp://mail.test:99999",
        "smtp://mail.test/inbox",
    ],
)
def test_what_cannot_be_meant_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp"):
        mail_server(url)


def test_the_password_is_not_shown() -> None:
    assert "secret" not in repr(mail_server("smtp://user:secret@mail.test"))


@pytest.mark.parametrize("text", ["a@b.test", "Kazna <a@b.test>"])
def test_a_mailbox_is_read(text: str) -> None:
    assert mail_sender(text).addr_spec == "a@b.test"


@pytest.mark.parametrize(
    "text", ["", "Kazna", "Kazna <>", "a@", "@b.test", "a@b.test\r\nBcc: x@y.test", "я@b.test"]
)
def test_what_is_no_mailbox_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="mailbox"):
        mail_sender(text)


def test_the_settings_name_both_or_neither() -> None:
    url, sender = {"KAZNA_SMTP_URL": "smtp://u:secret@mail.test"}, {"KAZNA_MAIL_FROM": "a@b.test"}
    settings = read_settings(url | sender)
    assert settings.mail_from == "a@b.test"
    assert "secret" not in repr(settings)
    assert read_settings({}).smtp_url is None
    for one in (url, sender):
        with pytest.raises(WrongSetting, match="together"):
            read_settings(one)
    with pytest.raises(WrongSetting, match="KAZNA_SMTP_URL must be an address"):
        read_settings(sender | {"KAZNA_SMTP_URL": "http://mail.test"})
