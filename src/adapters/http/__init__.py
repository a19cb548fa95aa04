"""HTTP as gateways of all kinds use it: limits, verdicts on failures, and who is calling."""
