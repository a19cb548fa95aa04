"""Use cases around customers."""
