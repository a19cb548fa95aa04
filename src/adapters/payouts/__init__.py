"""Payout providers: one module per provider, the same port."""
