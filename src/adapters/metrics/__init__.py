"""Where counts and durations go."""
