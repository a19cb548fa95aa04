"""Everything in one terminal: servers where none are given, and all processes, kept running."""
