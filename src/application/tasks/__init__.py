"""Use cases of the task tracker: create, complete, shuffle."""
