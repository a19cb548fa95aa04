"""Who is calling: addresses of callers against the networks they are known to come from."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit


class Networks:
    """Networks that callers may come from; raises ValueError for what is no network."""

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks: dict[int, list[IPv4Network | IPv6Network]] = {4: [], 6: []}
        for network in map(ip_network, networks):
            self._networks[network.version].append(network)

    def know(self, peer_ip: str | None) -> bool:
        """Tell whether an address is in one of them; no address is in none."""
        address = _address(peer_ip)
        if address is None:
            return False
        return any(address in network for network in self._networks[address.version])


def check_address(url: str, *, plain_allowed: bool, carried: str) -> None:
    """Refuse an address that is not HTTP, or that would carry something secret unencrypted.

    `carried` names it for the reader. HTTP is allowed within this machine, and anywhere where
    `plain_allowed` says that the network itself is private. Raises ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"the base address is not a plain HTTP address: {_shown(url)}")
    if parts.scheme == "http" and not (plain_allowed or is_loopback(parts.hostname)):
        raise ValueError(f"{carried} would travel unencrypted to {_shown(url)}")


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _shown(url: str) -> str:
    """Return an address without what may be a password in it."""
    head, at, tail = url.rpartition("@")
    return f"{head.partition('//')[0]}//...@{tail}" if at else url


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    # A socket that listens on both families sees an IPv4 peer as ::ffff:185.71.76.1.
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
