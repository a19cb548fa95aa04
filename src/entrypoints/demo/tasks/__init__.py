"""A real history of work becomes tasks, fees, rewards and payouts."""
