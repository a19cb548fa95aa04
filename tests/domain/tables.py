"""Tables of moves as people read them: a line per state, a column per verb, what follows inside.

`.` means that nothing happens and nothing is said; `!` that the move is refused.
"""

UNCHANGED = "."
REFUSED = "!"

Move = tuple[str, str, str]


def moves(*tables: str) -> list[Move]:
    """Read (state, verb, what follows) out of tables; a hole in one is an error."""
    found = []
    for table in tables:
        header, *lines = [line.split() for line in table.strip().splitlines()]
        for state, *cells in lines:
            found += [(state, verb, cell) for verb, cell in zip(header, cells, strict=True)]
    return found


def names(found: list[Move]) -> list[str]:
    """Name moves for parametrize."""
    return [f"{state} {verb}" for state, verb, _ in found]
