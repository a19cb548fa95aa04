"""A process that owns embedded servers: reports them on its first line, then waits to be ended."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from adapters.embedded import EmbeddedServerError, embedded_servers


def main() -> int:
    folder, *wishes = sys.argv[1:]
    try:
        with embedded_servers(Path(folder)) as servers:
            child = os.fork() if "fork" in wishes else None
            if child == 0:
                time.sleep(60)
                os._exit(0)
            report = {
                "database_url": servers.database_url,
                "redis_url": servers.redis_url,
                "servers": [servers.postgres.pid, servers.redis.pid],
                "child": child,
            }
            print(json.dumps(report), flush=True)
            signal.pause()
    except EmbeddedServerError as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return 3
    return 0


if __name__ == "__main__":
    # A shell that runs the tests in the background has its children ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
