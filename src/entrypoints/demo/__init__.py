"""The demonstration: a year and a half of a real shop's purchases, billed through every door."""
