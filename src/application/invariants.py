"""What must hold whatever happened; each context checks its own rules and reports like this."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that does not hold, with the rows that break it named in `detail`."""

    rule: int
    name: str
    detail: str
