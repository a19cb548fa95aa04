"""Everything that touches the world outside: databases, brokers, gateways, clocks."""
