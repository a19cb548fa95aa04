"""Events are published as schemas: each compiles, has an example, and is never edited again."""

import ast
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "events"
FILES = sorted(FOLDER.glob("*/*.json"))
LOCK = FOLDER / "published.sha256"


def checked(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def named(path: Path) -> str:
    return f"{path.parent.name} {path.stem}"


@pytest.mark.parametrize("path", FILES, ids=named)
def test_a_schema_says_what_it_is_and_its_examples_fit(path: Path) -> None:
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    properties = schema["properties"]
    assert properties["event_name"]["const"] == path.parent.name
    assert properties["event_version"]["const"] == int(path.stem)
    assert schema["examples"]
    for example in schema["examples"]:
        checked(schema).validate(example)
        assert set(example["data"]) == set(properties["data"]["properties"])


def test_every_event_the_exchange_tells_is_published() -> None:
    told: set[str] = set()
    for context in ("tasks", "ledger", "identity", "notifications"):
        for file in (ROOT / "src" / "domain" / context).rglob("*.py"):
            for name, version in _events(ast.parse(file.read_text())):
                told.add(f"{name} {version}")
    assert told
    assert told <= {named(path) for path in FILES}


def test_what_was_published_is_never_edited() -> None:
    """A new version is a new file; its line is added to the list beside the schemas."""
    listed = dict(
        reversed(line.split("  ", 1)) for line in LOCK.read_text().splitlines() if line.strip()
    )
    found = {
        str(path.relative_to(FOLDER)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in FILES
    }
    assert found == listed


def _events(tree: ast.AST) -> list[tuple[str, int]]:
    """Find classes with a published name: those in the style of the exchange."""
    found = []
    for one in ast.walk(tree):
        if not isinstance(one, ast.ClassDef):
            continue
        values = {
            line.target.id: line.value.value
            for line in one.body
            if isinstance(line, ast.AnnAssign)
            and isinstance(line.target, ast.Name)
            and isinstance(line.value, ast.Constant)
        }
        name, version = values.get("name"), values.get("version")
        if isinstance(name, str) and re.fullmatch(r"([A-Z][a-z]+)+", name):
            assert isinstance(version, int), one.name
            found.append((name, version))
    return found
