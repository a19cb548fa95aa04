"""The house keeps its own rules."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ("domain", "application", "adapters", "entrypoints")
SOURCES = sorted((ROOT / "src").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
_LONGEST_FILE = 300
# What an operator's subscribers order is a service; that is the trade's own word.
_VAGUE = re.compile(r"(Manager|Helper|.Service|Impl|Utils?)$")
# One lifecycle, or one promise, that is read as a whole; splitting it would hide the whole.
_WHOLES = {
    "src/domain/payments/attempt.py",
    "src/domain/payments/invoice.py",
    "src/domain/subscriptions/lifecycle.py",
    "src/application/payments/ports.py",
    "src/application/payments/provider.py",
    "src/application/carrier/ports.py",
    "src/application/carrier/gateway.py",
    "src/entrypoints/settings.py",
    "src/entrypoints/container.py",
}
# Beside the settings: those who hand the environment on to processes they start, or speak before
# there are settings.
_READ_THE_ENVIRONMENT = (
    "src/entrypoints/settings.py",
    "src/entrypoints/cli/",
    "src/entrypoints/up/",
    "src/entrypoints/workers/metrics.py",
    "src/adapters/embedded/process.py",
)
# Mirrors of another party's documents: their names say what they are.
_FOREIGN_WORDS = "src/entrypoints/sandbox/yookassa/"


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _trees(paths: list[Path]) -> Iterator[tuple[Path, ast.Module]]:
    for path in paths:
        yield path, ast.parse(path.read_text())


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_imported_from_our_own_folder(layer: str) -> None:
    module = importlib.import_module(layer)
    assert module.__file__ is not None
    assert Path(module.__file__).parent == ROOT / "src" / layer


def test_tests_stand_on_fakes_and_never_on_mocks() -> None:
    for path, tree in _trees(TESTS):
        for node in ast.walk(tree):
            imported = []
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or "", *(alias.name for alias in node.names)]
            assert not {"mock", "unittest.mock", "pytest_mock"} & set(imported), _name(path)
            if isinstance(node, ast.arg):
                assert node.arg != "mocker", _name(path)


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    """What cannot be tested here is not written down as if it were."""
    for path in TESTS:
        found = re.findall(r"mark\.(?:skip|xfail)\b", path.read_text())
        assert not found or path == Path(__file__), _name(path)


def test_nothing_happens_on_import() -> None:
    """Modules declare; only functions open files, sockets, servers or read the environment."""
    opening = {
        "create_engine",
        "open",
        "connect",
        "environ",
        "getenv",
        "run",
        "Popen",
        "basicConfig",
    }
    for path, tree in _trees(SOURCES):
        for statement in tree.body:
            if not isinstance(statement, ast.Expr | ast.Assign | ast.AnnAssign):
                continue
            names = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name)}
            names |= {n.attr for n in ast.walk(statement) if isinstance(n, ast.Attribute)}
            calls = any(isinstance(n, ast.Call) for n in ast.walk(statement))
            assert not (calls and names & opening), f"{_name(path)}:{statement.lineno}"


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        _name(path)
        for path, tree in _trees(SOURCES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    assert readers
    assert all(name.startswith(_READ_THE_ENVIRONMENT) for name in readers), readers


def test_the_domain_knows_no_clock_no_chance_and_no_log() -> None:
    banned = {"time", "random", "secrets", "logging", "asyncio", "os", "threading"}
    for path, tree in _trees([p for p in SOURCES if "/src/domain/" in str(p)]):
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert not banned & {alias.name for alias in node.names}, _name(path)
            if isinstance(node, ast.ImportFrom):
                assert node.module not in banned, _name(path)
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("now", "utcnow", "today"), _name(path)


def test_files_stay_short_enough_to_be_read() -> None:
    for path in SOURCES:
        lines = len(path.read_text().splitlines())
        assert lines <= _LONGEST_FILE * (1.5 if _name(path) in _WHOLES else 1), _name(path)


def test_classes_are_named_for_what_they_are() -> None:
    for path, tree in _trees(SOURCES):
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                assert not _VAGUE.search(node.name), f"{_name(path)}: {node.name}"


def test_every_module_and_public_class_says_what_it_is_for() -> None:
    for path, tree in _trees(SOURCES):
        if "/migrations/versions/" in str(path):
            continue
        assert ast.get_docstring(tree), _name(path)
        if _name(path).startswith(_FOREIGN_WORDS):
            continue
        for node in tree.body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                told = node.name.startswith("_") or ast.get_docstring(node)
                assert told, f"{_name(path)}: {node.name}"
