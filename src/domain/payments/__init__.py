"""Invoices, charge attempts, refunds and saved methods: who owes what, and what a gateway did."""
