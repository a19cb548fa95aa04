"""Worker processes: bells come in through Dramatiq, batches are carried out on one event loop."""
