"""The page of properties names each of them, and tests that are there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| ([A-Z])(\d+) \|.*?\| ([^|]+) \|$", re.M)
_TEST = re.compile(r"`([a-z_/]+\.py)::(test_[a-z_]+)`")
_COUNTS = {"T": 9, "P": 6, "L": 12, "D": 14, "A": 8}


def rows() -> list[tuple[str, int, str]]:
    page = (ROOT / "docs" / "properties.md").read_text()
    return [(letter, int(number), by) for letter, number, by in _ROW.findall(page)]


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def test_every_property_has_its_line() -> None:
    found: dict[str, list[int]] = {}
    for letter, number, _ in rows():
        found.setdefault(letter, []).append(number)
    for letter, count in _COUNTS.items():
        assert found[letter] == list(range(1, count + 1))
    assert found["M"] == [1, 2, 3, 4, 6]


def test_every_test_that_holds_one_is_there() -> None:
    for letter, number, by in rows():
        tests = _TEST.findall(by)
        assert len(tests) == by.count("`") // 2 > 0, f"{letter}{number}"
        for file, name in tests:
            assert name in names_in(file), f"{letter}{number}: {file}::{name}"
