"""Where a statement continues: an opaque cursor that both storages read alike."""

import base64
import binascii
from datetime import date
from uuid import UUID

from application.ledger.ports import StatementLine
from domain.ledger.posting import MAX_ENTRIES
from domain.shared.errors import InvalidValue

MAX_PAGE = 1000
Position = tuple[date, UUID, int]
BEGINNING: Position = (date.min, UUID(int=0), 0)


def bounded(limit: int) -> int:
    """Return the number of lines a page may have."""
    return max(1, min(limit, MAX_PAGE))


def cursor_after(line: StatementLine) -> str:
    """Return the cursor of the page that follows a line."""
    text = f"{line.posting_date.isoformat()}/{line.operation_id}/{line.seq}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def position_of(cursor: str | None) -> Position:
    """Return the posting date, operation and line after which a page begins."""
    if cursor is None:
        return BEGINNING
    try:
        day, operation_id, seq = base64.urlsafe_b64decode(cursor).decode("ascii").split("/")
        return date.fromisoformat(day), UUID(operation_id), min(int(seq), MAX_ENTRIES)
    except (binascii.Error, ValueError) as error:
        raise InvalidValue("the cursor is not one of this statement") from error
