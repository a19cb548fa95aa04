"""The providers of this deployment: found by entry point, built from their settings."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from application.payments.provider import PaymentProvider

GROUP = "kazna.providers"


class UnknownProvider(ValueError):
    """No installed package offers a provider of this name."""

    def __init__(self, name: str, known: Mapping[str, EntryPoint]) -> None:
        offered = ", ".join(sorted(known)) or "none"
        super().__init__(f"there is no payment provider {name!r}; installed: {offered}")
        self.name = name


def discover() -> dict[str, EntryPoint]:
    """Return what is installed, by name, without loading any of it."""
    return {found.name: found for found in entry_points(group=GROUP)}


def build_providers(
    configured: Mapping[str, object], installed: Mapping[str, EntryPoint]
) -> dict[str, PaymentProvider]:
    """Build every configured provider; each receives its own settings object and nothing else.

    Raises UnknownProvider for a name nobody offers, and ValueError for a provider that answers
    to another name than it is found under: attempts are stored under that name for ever.
    """
    built: dict[str, PaymentProvider] = {}
    for name, settings in configured.items():
        if name not in installed:
            raise UnknownProvider(name, installed)
        provider: PaymentProvider = installed[name].load()(settings)
        if provider.code != name:
            raise ValueError(f"the provider installed as {name!r} calls itself {provider.code!r}")
        built[name] = provider
    return built
