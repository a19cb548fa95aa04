"""Mistakes that were made elsewhere with the same task, and those that would be easy here."""

from collections.abc import Sequence

from tests.mutants.mutant import Mutant
from tests.mutants.of_facts import ENTERING, PRICES
from tests.mutants.of_nights import DAYS, SETTLING
from tests.mutants.of_tracker import ANALYTICS, TRACKER

MUTANTS: Sequence[Mutant] = [*PRICES, *ENTERING, *DAYS, *SETTLING, *TRACKER, *ANALYTICS]
