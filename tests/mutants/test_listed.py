"""The list of mistakes does not rot: each is still one edit away, and its tests are there."""

import ast
from functools import cache

import pytest

from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import ROOT, SOURCES, Mutant


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / file).read_text())
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: one.name)
def test_a_mistake_can_still_be_made(one: Mutant) -> None:
    sound = (SOURCES / one.file).read_text()
    changed = one.applied(sound)
    assert changed != sound
    if one.file.endswith(".py"):
        compile(changed, one.file, "exec")


@pytest.mark.parametrize("one", MUTANTS, ids=lambda one: one.name)
def test_the_tests_that_notice_it_are_there(one: Mutant) -> None:
    assert one.tests
    for name in one.tests:
        file, _, test = name.partition("::")
        assert test in names_in(file), name


def test_no_two_mistakes_have_one_name() -> None:
    names = [one.name for one in MUTANTS]
    assert len(names) == len(set(names)) >= 16
