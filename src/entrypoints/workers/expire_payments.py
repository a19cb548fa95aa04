"""Give up on payments nobody finished in time, once.

`python -m entrypoints.workers.expire_payments`, with the options of `kazna run`.
"""

import sys

from entrypoints.cli.main import main

if __name__ == "__main__":
    main(["run", "expire-payments", *sys.argv[1:]])
