"""The documents name only what is there, and all the settings there are."""

import re
from pathlib import Path

import pytest

from entrypoints.settings import names

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])
_LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
_PATH = re.compile(r"`((?:src|tests|docs|bench|docker)/[A-Za-z0-9_./-]+)`")
_LAYER_PATH = re.compile(r"`((?:domain|application|adapters|entrypoints)/[a-z0-9_/.]+)`")
_MACHINE = re.compile(r"/(?:home|root|tmp|work)/[a-z]")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_leads_only_to_what_is_there(page: Path) -> None:
    text = page.read_text()
    missing = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    missing += [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    missing += [path for path in _LAYER_PATH.findall(text) if not (ROOT / "src" / path).exists()]
    assert missing == []
    assert not _MACHINE.search(text)


def test_the_readme_lists_every_setting() -> None:
    told = set(re.findall(r"^\| `(KAZNA_[A-Z_]+)`", (ROOT / "README.md").read_text(), re.M))
    assert told == set(names())


def test_every_decision_is_in_the_index() -> None:
    index = (ROOT / "docs" / "adr" / "README.md").read_text()
    pages = {page.name for page in ROOT.glob("docs/adr/0*.md")}
    assert set(re.findall(r"\((0\d{3}-[a-z0-9-]+\.md)\)", index)) == pages
