"""The HTTP API: routes translate and call one handler; rules live elsewhere."""
