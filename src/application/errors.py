"""What may go wrong between the rules and the world; the last two are worth another try."""

from uuid import UUID


class ApplicationError(Exception):
    """A use case could not be carried out, though no rule of the business refused it."""

    code = "failed"


class NotFound(ApplicationError):
    """What the command names does not exist, or is not the caller's to see."""

    code = "not_found"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"there is no {what} {key}")
        self.what, self.key = what, key


class Conflict(ApplicationError):
    """What is asked for does not go with what is so already; another try changes nothing."""

    code = "conflict"


class StaleVersion(ApplicationError):
    """Somebody else changed the same thing first; load it again and retry."""

    code = "stale_version"

    def __init__(self, what: str, key: object) -> None:
        super().__init__(f"{what} {key} was changed by somebody else meanwhile")
        self.what, self.key = what, key


class Unreadable(ApplicationError):
    """A stored row breaks the rules of what it should be; a person has to look at it."""

    code = "unreadable"

    def __init__(self, what: str, key: UUID) -> None:
        super().__init__(f"{what} {key} cannot be read")
        self.what, self.key = what, key


class Unavailable(ApplicationError):
    """Something this deployment needs cannot be reached right now."""

    code = "unavailable"
