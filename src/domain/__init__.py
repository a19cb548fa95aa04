"""Business rules as frozen data and pure functions; the standard library alone."""
