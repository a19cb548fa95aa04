"""The double-entry ledger: accounts, postings that sum to zero, reversals instead of changes."""
