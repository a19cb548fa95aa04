"""Whom a postback goes to, how often, and what it says."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carrier.postback import (
    MACROS,
    PixelSetting,
    Publisher,
    check_template,
    filled,
    publisher_of,
    setting_for,
)
from domain.shared.errors import InvalidValue

ENDPOINT = "https://ads.example.com/cb?" + "&".join(f"{name}=%{name}%" for name in sorted(MACROS))


def setting(campaign: str | None, operator: str | None, **more: object) -> PixelSetting:
    given: dict[str, object] = {"publisher": "kimia", "endpoint": ENDPOINT, **more}
    return PixelSetting(id=uuid4(), campaign_code=campaign, operator=operator, **given)  # type: ignore[arg-type]


@given(st.fixed_dictionaries({name: st.text(max_size=50) for name in MACROS}))
def test_whatever_a_value_holds_it_stays_one_value(values: dict[str, str]) -> None:
    values = {name: text.encode("utf-8", "replace").decode() for name, text in values.items()}
    address = filled(ENDPOINT, values)
    assert address.isascii()
    read = parse_qs(urlsplit(address).query, keep_blank_values=True, strict_parsing=True)
    assert read == {name: [text] for name, text in values.items()}


def test_a_value_that_looks_like_a_macro_is_not_filled_again() -> None:
    values = dict.fromkeys(MACROS, "x") | {"pixel": "%msisdn%", "msisdn": "923001234567"}
    assert filled("https://e.com/%pixel%", values) == "https://e.com/%25msisdn%25"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://e.com/?p=%nobody%",
        "https://%pixel%.e.com/",
        "https://e.com:%pixel%/",
        "https://u:p@e.com/",
        "ftp://e.com/%pixel%",
        "javascript:alert(1)",
        "https:///x",
        "https://e.com/é",
        "https://e.com/ \n",
        "https://e.com/" + "x" * 2000,
    ],
)
def test_addresses_that_cannot_be_meant(endpoint: str) -> None:
    with pytest.raises(InvalidValue):
        check_template(endpoint)


@given(st.integers(1, 50), st.integers(1, 500))
def test_each_nth_is_sent(ratio: int, count: int) -> None:
    one = setting("c", None, ratio=ratio)
    assert sum(one.is_turn(place) for place in range(1, count + 1)) == count // ratio


def test_the_most_exact_setting_wins() -> None:
    campaign, operator, both = setting("c", None), setting(None, "o"), setting("c", "o")
    off = setting("c", "o", is_enabled=False)
    other = setting("c", "o", publisher="mobusi")

    def found(*settings: PixelSetting, campaign_code: str | None = "c") -> PixelSetting | None:
        return setting_for(settings, campaign_code=campaign_code, operator="o", publisher="kimia")

    assert found(campaign, operator, both) is both
    assert found(operator, campaign) is campaign
    assert found(off, operator, other) is operator
    assert found(campaign, both, campaign_code=None) is None
    assert found(campaign, operator, campaign_code="x") is operator
    assert found(other, off) is None


def test_publishers_are_known_by_name_or_by_their_pixels() -> None:
    known = [Publisher("mobusi", ".{23}"), Publisher("kimia", "[0-9a-f]{55}")]
    assert publisher_of("given", "x" * 23, known) == "given"
    assert publisher_of(None, "x" * 23, known) == "mobusi"
    assert publisher_of(None, "a" * 55, known) == "kimia"
    assert publisher_of(None, "a" * 56, known) is None
    with pytest.raises(InvalidValue):
        Publisher("x", "(")


@pytest.mark.parametrize(
    "wrong", [{"ratio": 0}, {"timeout_seconds": 0}, {"timeout_seconds": 11}, {"publisher": " "}]
)
def test_settings_that_make_no_sense(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        setting("c", None, **wrong)
    with pytest.raises(InvalidValue):
        setting(None, None)
