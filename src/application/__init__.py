"""Use cases, the ports they need and the reactions of one context to another."""
