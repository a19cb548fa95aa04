"""Hold the provider's list against all payments of ours, once.

`python -m entrypoints.workers.match_successful_payments`, with the options of `kazna run`.
"""

import sys

from entrypoints.cli.main import main

if __name__ == "__main__":
    main(["run", "match-successful-payments", *sys.argv[1:]])
