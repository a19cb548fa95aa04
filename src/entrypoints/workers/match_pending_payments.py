"""Settle open payments that the provider lists as captured, once.

`python -m entrypoints.workers.match_pending_payments`, with the options of `kazna run`.
"""

import sys

from entrypoints.cli.main import main

if __name__ == "__main__":
    main(["run", "match-pending-payments", *sys.argv[1:]])
