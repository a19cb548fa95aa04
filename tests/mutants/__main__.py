"""Make every mistake of the list, one at a time, and see that the tests notice: `make mutants`."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded import start_postgres
from tests.mutants.listed import MUTANTS
from tests.mutants.mutant import ROOT, SOURCES, Mutant
from tests.servers import DISPOSABLE

_SECONDS = 240
_FAILED = re.compile(r"\b(\d+) failed")
_GREEN, _RED = 0, 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run of tests over the copy came to."""

    word: str
    text: str
    seconds: float


def run_tests(tests: Sequence[str], copy: Path, url: str) -> Verdict:
    """Run tests over the copy; a run that breaks down before a test fails has noticed nothing."""
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider"]
    command += ["-p", "tests.mutants.loaded", "-o", f"pythonpath={copy}"]
    command += [f"tests/{one}" for one in tests]
    environment = os.environ | {
        "KAZNA_MUTANT_SOURCES": str(copy),
        "KAZNA_TEST_DATABASE_URL": url,
        "HYPOTHESIS_STORAGE_DIRECTORY": str(copy.parent / "hypothesis"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    began = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, timeout=_SECONDS, capture_output=True, text=True
        )
    except subprocess.TimeoutExpired:
        return Verdict("never ended", "", time.monotonic() - began)
    took, text = time.monotonic() - began, done.stdout + done.stderr
    if f"sources: {copy}" not in text:
        return Verdict("broken", text, took)
    if done.returncode == _GREEN:
        return Verdict("survived", text, took)
    noticed = done.returncode == _RED and _FAILED.search(text)
    return Verdict("killed" if noticed else "broken", text, took)


def killer(text: str) -> str:
    """Name the test that failed."""
    found = re.search(r"^FAILED tests/(\S+)", text, re.M)
    return found.group(1) if found else ""


def judge(one: Mutant, copy: Path, url: str) -> Verdict:
    """Make a mistake in the copy, run its tests, and undo it."""
    file = copy / one.file
    sound = file.read_text()
    file.write_text(one.applied(sound))
    try:
        return run_tests(one.tests, copy, url)
    finally:
        file.write_text(sound)


def main(wanted: Sequence[str]) -> int:
    """Return 1 when a mistake goes unnoticed, or its tests fail without it."""
    chosen = [one for one in MUTANTS if not wanted or any(word in one.name for word in wanted)]
    unnoticed = 0
    with tempfile.TemporaryDirectory(prefix="kazna-mutants-") as folder:
        home = Path(folder)
        copy = home / "src"
        shutil.copytree(SOURCES, copy, ignore=shutil.ignore_patterns("__pycache__"))
        with start_postgres(home / "postgres", settings=DISPOSABLE) as server:
            named = list(dict.fromkeys(name for one in chosen for name in one.tests))
            before = run_tests(named, copy, server.url)
            if before.word != "survived":
                print(f"{before.text}\nthe tests fail without any mistake: {before.word}")
                return 1
            print(f"{len(named)} tests are green without a mistake ({before.seconds:.0f} s)")
            for number, one in enumerate(chosen, start=1):
                verdict = judge(one, copy, server.url)
                unnoticed += verdict.word not in {"killed", "never ended"}
                told = f"{number:3}/{len(chosen)}  {verdict.word:<9} {verdict.seconds:4.0f} s"
                print(f"{told}  {one.name}  [{killer(verdict.text)}]", flush=True)
                if verdict.word == "broken":
                    print(verdict.text)
    print(f"{len(chosen) - unnoticed} of {len(chosen)} killed")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
