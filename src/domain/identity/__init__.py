"""Who takes part: customers, and later users, roles and clients."""
