"""Use cases of the ledger: post, reverse, read, close a day, check everything."""
