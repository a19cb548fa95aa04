"""What can keep an embedded server from running, each said in one sentence."""

from pathlib import Path


class EmbeddedServerError(Exception):
    """An embedded server cannot run; the text is one sentence for the person at the terminal."""


class FolderInUse(EmbeddedServerError):
    """Another run, or what is left of the last one, holds the data folder."""

    def __init__(self, folder: Path, owner_pid: int | None) -> None:
        self.folder = folder
        self.owner_pid = owner_pid
        holder = "servers of an earlier run" if owner_pid is None else f"process {owner_pid}"
        super().__init__(
            f"The data folder {folder} is in use by {holder}:"
            " stop that run first or choose another folder."
        )


class FolderNotUsable(EmbeddedServerError):
    """The data folder is there, but not in a state or under an owner a server can run with."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder = folder
        super().__init__(f"The data folder {folder} cannot be used: {reason}.")


class BinariesNotUsable(EmbeddedServerError):
    """The server program is not installed, or cannot be executed by the account it must run as."""

    def __init__(self, program: str, reason: str) -> None:
        self.program = program
        super().__init__(f"The program {program} cannot be run: {reason}.")


class ServerDidNotStart(EmbeddedServerError):
    """The server ended, or did not become ready in time."""

    def __init__(self, server: str, folder: Path, reason: str) -> None:
        self.server = server
        self.folder = folder
        self.reason = reason
        super().__init__(f"{server} did not start in {folder}: {reason.rstrip('.')}.")
