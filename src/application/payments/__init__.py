"""Use cases around invoices and charge attempts, and the port of card providers."""
