"""The command line, run as a person or cron runs it: one process per command."""
