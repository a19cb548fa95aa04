"""A mutant: one known way to get it wrong, and the tests that must notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
Edit = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A mistake in one file: each text of `edits` is found there once, and replaced.

    `tests` are names as pytest takes them, below `tests/`; one red test among them is enough.
    """

    name: str
    file: str
    edits: Sequence[Edit]
    tests: Sequence[str]

    def applied(self, text: str) -> str:
        """Return the text with the mistake; raise ValueError where one is not found once."""
        for found, replaced in self.edits:
            if text.count(found) != 1:
                raise ValueError(f"{self.name}: {text.count(found)} times in {self.file}: {found}")
            text = text.replace(found, replaced)
        return text


def mutant(name: str, file: str, *edits: Edit, by: Sequence[str]) -> Mutant:
    """Write one down."""
    return Mutant(name=name, file=file, edits=edits, tests=by)
