"""The family of refusals: a rule of the business said no, and trying again will not change that."""


class DomainError(Exception):
    """A rule refused the command; final, never retried, answered with 4xx at the edge.

    Subclasses live beside the rule that raises them and carry what the caller needs to know.
    `code` is the stable name that clients may branch on.
    """

    code = "refused"


class InvalidValue(DomainError):
    """A value breaks the rules of its type, whatever the state of the world."""

    code = "invalid_value"
