"""The command `kazna`."""

import sys
from collections.abc import Sequence

import click

from entrypoints.cli.lazy import Lazy, LazyGroup

_HERE = "entrypoints.cli"
COMMANDS = {
    "up": Lazy(f"{_HERE}.up", "up", "Run everything in this terminal."),
    "demo": Lazy(f"{_HERE}.demo", "demo", "Bill a year and a half of a real shop's purchases."),
    "api": Lazy(f"{_HERE}.serve", "api", "Serve the HTTP API."),
    "worker": Lazy(f"{_HERE}.serve", "worker", "Carry out messages."),
    "scheduler": Lazy(f"{_HERE}.serve", "scheduler", "Send what the timetable says is due."),
    "sandbox": Lazy(f"{_HERE}.serve", "sandbox", "Serve the emulator of the card provider."),
    "migrate": Lazy(f"{_HERE}.migrate", "migrate", "Bring the database to a version."),
    "run": Lazy(f"{_HERE}.run", "run", "Run one job once."),
    "token": Lazy(f"{_HERE}.token", "token", "Issue an access token."),
    "clock": Lazy(f"{_HERE}.clock", "clock", "Show or move a deployment's virtual clock."),
    "explain": Lazy(f"{_HERE}.explain", "explain", "Tell the story of an id."),
    "retries": Lazy(f"{_HERE}.retries", "retries", "Load retries of numbers from a file."),
    "injection": Lazy(f"{_HERE}.injection", "injection", "Charge a list of numbers once."),
    "expired": Lazy(f"{_HERE}.injection", "expired", "Charge numbers given up on once more."),
    "reconcile": Lazy(f"{_HERE}.reconcile", "reconcile", "Compare with an operator's records."),
    "numbers": Lazy(f"{_HERE}.numbers", "numbers", "Import lists of numbers."),
    "analytics": Lazy(f"{_HERE}.analytics", "analytics", "Count what days were worth anew."),
    "check-ledger": Lazy(f"{_HERE}.check", "check_ledger", "Recompute the books."),
    "check": Lazy(f"{_HERE}.check", "check", "Check everything that must hold."),
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="kazna", prog_name="kazna")
def kazna() -> None:
    """Kazna, a billing engine: subscriptions, charges and a ledger that balances.

    Settings are read from KAZNA_… variables; .env.example names them all. Without a database and
    a Redis of yours, commands start their own.

    Exit codes: 0 done, 1 something was found wrong, 2 wrong usage or settings, 3 something that is
    needed cannot be reached.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; every error is one sentence and an exit code."""
    try:
        code = kazna.main(arguments, prog_name="kazna", standalone_mode=False)
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        sys.stderr.close()
        code = 141
    except Exception as error:
        from entrypoints.cli.failures import told

        code = told(error)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
