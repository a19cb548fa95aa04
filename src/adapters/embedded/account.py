"""The account of the operating system that a server runs as."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from adapters.embedded.errors import BinariesNotUsable, FolderNotUsable

_UNPRIVILEGED = ("kazna", "postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Account:
    """An account other than the caller's that a server is started under."""

    name: str
    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """Name the account for the server of a folder; None stands for the caller's own.

    PostgreSQL refuses to run as root, and Redis should not: whoever may speak to either could
    write any file of the machine. Root therefore starts both under an account without rights:
    the owner of the data when there are data, else the first of a few that machines have.

    Raises `FolderNotUsable` for data of another user, `BinariesNotUsable` without an account.
    """
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise FolderNotUsable(data, f"it belongs to another user (uid {owner})")
        return None
    if owner:
        return _account_of(owner, data.stat().st_gid)
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise BinariesNotUsable(
        "postgres", f"root needs one of the accounts {', '.join(_UNPRIVILEGED)} to run it under"
    )


def _account_of(uid: int, gid: int) -> Account:
    try:
        return Account(pwd.getpwuid(uid).pw_name, uid, gid)
    except KeyError:
        return Account(str(uid), uid, gid)
