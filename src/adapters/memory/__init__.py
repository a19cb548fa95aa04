"""In-memory twins of the ports: for handler tests, simulations and benchmarks."""
