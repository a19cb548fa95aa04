"""The operators of this deployment: protocols found by entry point, built from the table's rows."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points

from application.carrier.gateway import OperatorGateway, OperatorSettings

GROUP = "kazna.operators"


class UnknownProtocol(ValueError):
    """No installed package speaks this protocol."""

    def __init__(self, name: str, known: Mapping[str, EntryPoint]) -> None:
        offered = ", ".join(sorted(known)) or "none"
        super().__init__(f"nothing installed speaks the protocol {name!r}; installed: {offered}")
        self.name = name


def discover() -> dict[str, EntryPoint]:
    """Return what is installed, by protocol, without loading any of it."""
    return {found.name: found for found in entry_points(group=GROUP)}


def build_operator(
    protocol: str, settings: OperatorSettings, installed: Mapping[str, EntryPoint]
) -> OperatorGateway:
    """Build one operator's gateway.

    Raises UnknownProtocol, and ValueError for options the protocol refuses or a gateway that
    answers to another code than its row has: queues and attempts carry that code for ever.
    """
    if protocol not in installed:
        raise UnknownProtocol(protocol, installed)
    gateway: OperatorGateway = installed[protocol].load()(settings)
    if gateway.code != settings.code:
        raise ValueError(f"the gateway of {settings.code!r} calls itself {gateway.code!r}")
    return gateway
