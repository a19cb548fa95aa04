"""Where processes begin: API, workers, scheduler, command line, sandbox."""
