"""The task exchange: who works on what."""
