"""Titles are parted from their keys once, and stay as they are where there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.shared.errors import InvalidValue
from domain.tasks.title import LONGEST_TITLE, Title, new_title, split_title, upcast


@pytest.mark.parametrize(
    ("written", "text", "key"),
    [
        (
            "UBERPOP-42 — Поменять оттенок зелёного на кнопке",
            "Поменять оттенок зелёного на кнопке",
            "UBERPOP-42",
        ),
        ("[UBERPOP-42] - Change the green", "Change the green", "UBERPOP-42"),
        ("[UBERPOP-42] Change the green", "Change the green", "UBERPOP-42"),
        ("[ AB_1-7 ]–t", "t", "AB_1-7"),
        ("  [A-1]   x  ", "x", "A-1"),
        ("A-1 - [B-2] x", "[B-2] x", "A-1"),
        ("[A-1]", "[A-1]", None),
        ("[A-1] - ", "[A-1] - ", None),
        ("A-1 x", "A-1 x", None),
        ("A-1- x", "A-1- x", None),
        ("1A-1 - x", "1A-1 - x", None),
        ("Fix [urgent] thing", "Fix [urgent] thing", None),
        ("[A-1] a\nb", "a\nb", "A-1"),
        ("", "", None),
    ],
)
def test_what_is_written(written: str, text: str, key: str | None) -> None:
    assert split_title(written) == Title(text, key)


@given(st.text(max_size=80))
def test_a_title_without_a_key_is_untouched_and_the_upcast_happens_once(written: str) -> None:
    once = upcast({"title": written}, 1)
    assert upcast(once, 1) == once == upcast(once, 2)
    if once["jira_id"] is None:
        assert once["title"] == written


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}-[0-9]{1,5}", fullmatch=True),
    st.text(min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
    .filter(lambda t: t[0] not in "-–—"),
    st.sampled_from(["[{}] {}", "[{}] - {}", "[{}]—{}", "{} - {}", "{} – {}"]),
)
def test_a_key_in_front_is_found(key: str, rest: str, form: str) -> None:
    assert split_title(form.format(key, rest)) == Title(rest, key)


@pytest.mark.parametrize("text", ["", "  ", "a [b] c", "x]", "x" * (LONGEST_TITLE + 1), "a\x00b"])
def test_titles_of_new_tasks_that_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        new_title(text)


def test_a_new_title() -> None:
    assert new_title("  Change it ", "AB-1") == Title("Change it", "AB-1")
    with pytest.raises(InvalidValue):
        new_title("x", "nonsense")
    with pytest.raises(InvalidValue):
        upcast({}, 3)
    assert upcast({"other": 1}, 1) == {"other": 1}
