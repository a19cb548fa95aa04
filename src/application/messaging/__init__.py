"""Carry out messages: claim a batch, run its handlers, record what came of it."""
