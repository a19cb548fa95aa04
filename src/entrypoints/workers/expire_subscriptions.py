"""End subscriptions whose grace is over, once.

`python -m entrypoints.workers.expire_subscriptions`, with the options of `kazna run`.
"""

import sys

from entrypoints.cli.main import main

if __name__ == "__main__":
    main(["run", "expire-subscriptions", *sys.argv[1:]])
