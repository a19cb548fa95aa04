"""Options and secrets of a protocol, read once when a gateway is built; mistakes in one sentence.

Every method raises ValueError with a sentence that names the option and what it may be. A secret
is named in it, never shown.
"""

from collections.abc import Collection, Mapping
from typing import Any

from adapters.operators.callbacks import KEY, Sender
from application.carrier.gateway import OperatorSettings

_LONGEST_TEXT = 500
_KEY_LENGTH = 16


class Options:
    """The options of one operator's row; what no method asked for is refused by `done`."""

    def __init__(self, settings: OperatorSettings, *, protocol: str) -> None:
        self._given: Mapping[str, Any] = settings.options
        self._secrets = settings.secrets
        self._protocol = protocol
        self._asked: set[str] = set()

    def text(self, name: str, default: str | None = None) -> str:
        """Read text; without a default it must be given."""
        value = self._take(name, default)
        if value is None:
            raise ValueError(f"the option {name} of {self._protocol} must be given")
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
            raise ValueError(f"the option {name} is text of at most {_LONGEST_TEXT} characters")
        return value

    def choice(self, name: str, offered: Collection[str], default: str) -> str:
        """Read one of a few words."""
        value = self._take(name, default)
        if not isinstance(value, str) or value not in offered:
            raise ValueError(f"the option {name} is one of {', '.join(sorted(offered))}")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Read true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise ValueError(f"the option {name} is true or false")
        return value

    def number(self, name: str, *, low: float, high: float, default: float) -> float:
        """Read a number between two others, both included."""
        value = self._take(name, default)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise ValueError(f"the option {name} is a number from {low:g} to {high:g}")
        return float(value)

    def whole(self, name: str, *, low: int, high: int, default: int) -> int:
        """Read a whole number between two others, both included."""
        value = self._take(name, default)
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"the option {name} is a whole number from {low} to {high}")
        return value

    def texts(self, name: str, default: Collection[str] = ()) -> tuple[str, ...]:
        """Read a list of texts."""
        value = self._take(name, default)
        is_list = isinstance(value, list | tuple | set | frozenset)
        if not is_list or not all(isinstance(one, str) and one for one in value):
            raise ValueError(f"the option {name} is a list of texts that are not empty")
        return tuple(value)

    def wholes(self, name: str, *, low: int, high: int) -> frozenset[int]:
        """Read a list of whole numbers between two others, both included; none by default."""
        value = self._take(name, ())
        is_list = isinstance(value, list | tuple | set | frozenset)
        if not is_list or not all(type(one) is int and low <= one <= high for one in value):
            raise ValueError(f"the option {name} is a list of whole numbers from {low} to {high}")
        return frozenset(value)

    def table(self, name: str, default: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Read a table; its values are the caller's to check."""
        value = self._take(name, default or {})
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise ValueError(f"the option {name} is a table whose names are text")
        return value

    def secret(self, name: str, *, at_least: int = 1) -> str:
        """Return a secret that must be there; `at_least` so many characters, visible ASCII."""
        value = self.optional_secret(name)
        if len(value) < at_least:
            rule = f"at least {at_least} characters" if at_least > 1 else "given"
            raise ValueError(f"the secret {name} of {self._protocol} must be {rule}")
        return value

    def optional_secret(self, name: str) -> str:
        """Return a secret, or an empty text where there is none."""
        value = self._secrets.get(name, "")
        if not isinstance(value, str) or not value.isascii() or not (value + "x").isprintable():
            raise ValueError(f"the secret {name} of {self._protocol} is visible ASCII text")
        return value

    def done(self) -> None:
        """Refuse what nothing asked for: a mistyped option would otherwise be silently ignored."""
        if unknown := sorted(set(self._given) - self._asked):
            raise ValueError(f"{self._protocol} has no option {unknown[0]}")

    def _take(self, name: str, default: Any) -> Any:
        self._asked.add(name)
        return self._given.get(name, default)


def sender_of(options: Options, protocol: str) -> Sender:
    """Read how callbacks are known: the option `networks`, the secret `callback_key`, or both."""
    key = options.optional_secret(KEY) and options.secret(KEY, at_least=_KEY_LENGTH)
    return Sender(options.texts("networks"), key, protocol=protocol)
