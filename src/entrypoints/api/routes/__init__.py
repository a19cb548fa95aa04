"""The routes, a file per context."""
