"""Signatures against the example that the specification's own libraries are tested with."""

from uuid import UUID

from standardwebhooks import Webhook

from domain.webhooks.signature import _signature, headers_of, secret_of

# From the tests of the reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EXAMPLE = b'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'


def test_it_signs_as_the_reference_libraries_do() -> None:
    assert _signature(SECRET, EXAMPLE) == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_secret_signs_in_the_order_given() -> None:
    other = secret_of("b" * 32)
    headers = headers_of([other, SECRET], UUID(int=7), 1614265330, b"{}")
    first, second = headers["webhook-signature"].split(" ")
    assert first == "v1," + _signature(other, f"{UUID(int=7)}.1614265330.".encode() + b"{}")
    assert first != second
    assert headers["webhook-id"] == str(UUID(int=7))
    assert Webhook(other)
