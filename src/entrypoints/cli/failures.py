"""Errors as one sentence and an exit code; what is a bug keeps its traceback for the log."""

import asyncio
import logging
import os
import sys

OK = 0
FOUND = 1
WRONG_USAGE = 2
UNAVAILABLE = 3

_LOG = logging.getLogger("kazna.cli")


class Refused(Exception):
    """The command cannot be carried out as it was given; the text is one sentence."""


class OutOfReach(Exception):
    """Something the command needs cannot be reached; the text is one sentence."""


class WentWrong(Exception):
    """The command was begun and did not come to its end; the text is one sentence."""


def told(error: Exception) -> int:
    """Write an error to stderr as one sentence and return the exit code it stands for."""
    code, sentence = _judged(error)
    sys.stderr.write(f"kazna: {sentence}\n")
    if os.environ.get("KAZNA_LOG_LEVEL", "").lower() == "debug":
        _LOG.error("the error in full", exc_info=error)
    return code


def _judged(error: Exception) -> tuple[int, str]:
    from adapters.embedded.errors import EmbeddedServerError
    from application.errors import ApplicationError, NotFound, Unavailable
    from domain.shared.errors import DomainError
    from entrypoints.settings import WrongSetting

    match error:
        case WrongSetting() | Refused():
            return WRONG_USAGE, str(error)
        case EmbeddedServerError() | OutOfReach() | Unavailable():
            return UNAVAILABLE, str(error)
        case NotFound() | DomainError():
            return WRONG_USAGE, str(error)
        case ApplicationError() | WentWrong():
            return FOUND, str(error)
        case _ if _is_away(error):
            return UNAVAILABLE, f"the database cannot be used: {_first_line(error)}"
        case _:
            return FOUND, f"{type(error).__name__}: {_first_line(error)}"


def _is_away(error: Exception) -> bool:
    import asyncpg
    from sqlalchemy.exc import InterfaceError, OperationalError

    away = (
        OSError,
        asyncio.TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.UndefinedTableError,
        asyncpg.CannotConnectNowError,
        OperationalError,
        InterfaceError,
    )
    return isinstance(error, away)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
