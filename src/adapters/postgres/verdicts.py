"""Tell errors of the database from errors of what was asked of it."""

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from application.messaging.ports import Verdict

# Classes and codes of PostgreSQL's appendix A: connection, resources, intervention, system.
_LOST_CLASSES = ("08", "53", "58")
_LOST_CODES = frozenset({"57P01", "57P02", "57P03", "57P05", "25P03", "25P04"})
# Serialization failure, deadlock, lock not available.
_CONTENDED_CODES = frozenset({"40001", "40P01", "55P03"})


def verdict_on(error: BaseException) -> Verdict:
    """Judge an error by itself and by what it was raised from.

    Running out of time says nothing about the database, although Python counts `TimeoutError`
    among the errors of the operating system.
    """
    if isinstance(error, TimeoutError):
        return Verdict.FAILED
    if isinstance(error, (OSError, PoolExhausted, asyncpg.InternalClientError)):
        return Verdict.LOST
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return Verdict.LOST
    if isinstance(error, asyncpg.InterfaceError) and "closed" in str(error):
        return Verdict.LOST
    code = getattr(error, "sqlstate", None) or getattr(
        getattr(error, "orig", None), "sqlstate", None
    )
    if isinstance(code, str):
        if code.startswith(_LOST_CLASSES) or code in _LOST_CODES:
            return Verdict.LOST
        if code in _CONTENDED_CODES:
            return Verdict.CONTENDED
    cause = error.__cause__
    return Verdict.FAILED if cause is None else verdict_on(cause)
