"""What the operator log shows of a callback."""

import pytest

from application.carrier.receive import without_secrets


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("msgid=1&motoken=hush&keyword=GO", "msgid=1&motoken=...&keyword=GO"),
        ("KEY=hush", "KEY=..."),
        ("user=me&password=a%20b&x=1", "user=me&password=...&x=1"),
        ("api_secret=&x=1", "api_secret=...&x=1"),
        ('{"token": "op-1"}', '{"token": "op-1"}'),
        ("dnid=7&shortcode=1", "dnid=7&shortcode=1"),
    ],
)
def test_secrets_of_forms_stay_out(body: str, shown: str) -> None:
    assert without_secrets(body) == shown
