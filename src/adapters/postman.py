"""Calls publishers' addresses, through the guarded way out."""

from adapters.http.outbound import Broken, Fetched, Forbidden, Outbound
from application.carrier.pixel_ports import Reply


class GuardedPostman:
    """Delivers postbacks to hosts of the deployment's list."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def deliver(self, url: str, timeout_seconds: float) -> Reply:
        """Make one call."""
        match await self._outbound.get(url, timeout_seconds):
            case Fetched(status, seconds):
                return Reply(status, int(1000 * seconds), None)
            case Forbidden(why):
                return Reply(None, None, why, final=True)
            case Broken(why):
                return Reply(None, None, why)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._outbound.aclose()
