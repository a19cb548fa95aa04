"""Titles as they were written once, with the tracker's key inside, and as they are now.

Events of version 1 carry `[KEY-1] - Title` or `KEY-1 - Title`; from version 2 on the key is a field
of its own. The split is made once, at the edge of whoever reads an event.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from domain.shared.errors import InvalidValue

LONGEST_TITLE = 500
_KEY = r"[A-Za-z][A-Za-z0-9_]*-[0-9]+"
_DASHES = r"\u2013\u2014-"
_BRACKETED = re.compile(
    rf"\s*\[\s*({_KEY})\s*\]\s*(?:[{_DASHES}]\s*)?([^\s{_DASHES}].*)", re.DOTALL
)
_DASHED = re.compile(rf"\s*({_KEY})\s+[{_DASHES}]\s+(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Title:
    """What a task is called, and its key in the tracker it came from."""

    text: str
    jira_id: str | None = None


def split_title(written: str) -> Title:
    """Part a title of version 1 from its key; one without a key stays as it is."""
    for pattern in (_BRACKETED, _DASHED):
        if found := pattern.fullmatch(written):
            return Title(found.group(2).rstrip(), found.group(1))
    return Title(written)


def new_title(text: str, jira_id: str | None = None) -> Title:
    """Return the title of a new task; refuse an empty one, a long one, and one with brackets.

    Brackets are where keys used to stand: a title that has them was not split.
    """
    clean = text.strip()
    if not clean:
        raise InvalidValue("a task has a title")
    if len(clean) > LONGEST_TITLE:
        raise InvalidValue(f"a title has at most {LONGEST_TITLE} characters, not {len(clean)}")
    if "[" in clean or "]" in clean:
        raise InvalidValue("a title has no brackets: give the tracker's key as jira_id")
    if "\x00" in clean:
        raise InvalidValue("a title is text")
    if jira_id is not None and not re.fullmatch(_KEY, jira_id):
        raise InvalidValue("a jira_id looks like UBERPOP-42")
    return Title(clean, jira_id)


def upcast(data: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """Return the data of a task's event as version 2 has it; what is of it already stays.

    Raises InvalidValue for a version nobody knows.
    """
    if version not in (1, 2):
        raise InvalidValue(f"there is no version {version} of the events of tasks")
    if version == 2 or "jira_id" in data or "title" not in data:
        return data
    title = split_title(str(data["title"]))
    return {**data, "title": title.text, "jira_id": title.jira_id}
