"""What the carrier worker does, one use case per file."""
