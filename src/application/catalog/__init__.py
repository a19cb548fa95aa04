"""Use cases around plans and prices."""
