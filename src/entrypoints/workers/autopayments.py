"""Open a charge for every subscription that is due today, once.

`python -m entrypoints.workers.autopayments`, with the options of `kazna run`.
"""

import sys

from entrypoints.cli.main import main

if __name__ == "__main__":
    main(["run", "autopayments", *sys.argv[1:]])
