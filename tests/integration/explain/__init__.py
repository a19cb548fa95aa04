"""Stories of real affairs, read from a real database."""
