"""A week of three operators of different mode: `kazna demo carrier`."""
