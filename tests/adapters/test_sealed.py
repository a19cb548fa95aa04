"""Sealed texts: opened by the keys that are there, and by nobody else."""

import pytest

from adapters.security.sealed import SealedTexts
from application.webhooks.ports import SecretUnreadable

OLD, NEW = "an old key of thirty-two letters", "a new key of thirty-two letters."


def test_what_is_sealed_says_nothing_and_is_never_the_same_twice() -> None:
    box = SealedTexts([OLD])
    first, second = box.seal("whsec_secret"), box.seal("whsec_secret")
    assert first != second
    assert "secret" not in first
    assert box.open(first) == box.open(second) == "whsec_secret"


def test_a_key_is_changed_by_putting_a_new_one_first() -> None:
    sealed = SealedTexts([OLD]).seal("x")
    both = SealedTexts([NEW, OLD])
    assert both.open(sealed) == "x"
    assert SealedTexts([NEW]).open(both.seal("y")) == "y"


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text + "A", lambda _: ""])
def test_what_was_changed_or_sealed_by_others_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    sealed = SealedTexts([OLD]).seal("x")
    with pytest.raises(SecretUnreadable):
        SealedTexts([OLD]).open(change(sealed))
    with pytest.raises(SecretUnreadable):
        SealedTexts([NEW]).open(sealed)
