"""The password of a server, kept beside its data for the owner's eyes only."""

import os
import secrets
from pathlib import Path

from adapters.embedded.errors import FolderNotUsable

_NAME = "password"


def new_password(folder: Path) -> str:
    """Draw a password (256 bits, hexadecimal) and keep it in the folder, replacing the last."""
    password = secrets.token_hex(32)
    making = folder / f"{_NAME}.new"
    making.unlink(missing_ok=True)
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(password)
        file.flush()
        os.fsync(descriptor)
    making.replace(folder / _NAME)
    return password


def kept_password(folder: Path) -> str:
    """Read the password back. Raises `FolderNotUsable` when the file is missing or unreadable."""
    try:
        return (folder / _NAME).read_text()
    except OSError as error:
        raise FolderNotUsable(folder, f"its file {_NAME}: {error.strerror}") from error
