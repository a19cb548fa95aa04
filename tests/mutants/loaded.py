"""A pytest plugin: the tests run over the copy with the mistake, and do not shrink what they find.

A run over other sources than the copy would say "survived" of a mistake that was never there.
"""

import importlib
import os

import pytest
from hypothesis import Phase, settings

settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutants")
OTHER_SOURCES = 70


def pytest_collection_finish(session: pytest.Session) -> None:
    copy = os.environ["KAZNA_MUTANT_SOURCES"]
    for layer in ("domain", "application", "adapters"):
        found = importlib.import_module(layer).__file__ or ""
        if not found.startswith(copy):
            pytest.exit(f"{layer} was imported from {found}, not from {copy}", OTHER_SOURCES)
    print(f"sources: {copy}")
