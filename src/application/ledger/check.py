"""Check the books: every balance recomputed from the entries, to the last kopeck."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from application.invariants import Violation
from application.ledger.ports import Books, Progress, TrialLine


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """What a check found: at most the wanted number of violations, all of them counted."""

    violations: tuple[Violation, ...]
    count: int
    trial_balance: tuple[TrialLine, ...]

    @property
    def is_clean(self) -> bool:
        """Tell whether the books hold."""
        return not self.count


@dataclass(frozen=True, slots=True)
class CheckLedger:
    """Recompute the books and report whatever differs; writers are not disturbed."""

    books: Callable[[], AbstractAsyncContextManager[Books]]

    async def __call__(
        self, progress: Progress = lambda done, steps, what: None, *, shown: int = 100
    ) -> LedgerReport:
        """Return the first `shown` violations, their number, and the trial balance."""
        violations: list[Violation] = []
        count = 0
        async with self.books() as books:
            async for violation in books.check(progress):
                count += 1
                if len(violations) < shown:
                    violations.append(violation)
            lines = await books.trial_balance()
        return LedgerReport(tuple(violations), count, tuple(lines))
