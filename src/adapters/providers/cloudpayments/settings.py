"""What has to be known to talk to CloudPayments for one terminal."""

from dataclasses import dataclass, field

from adapters.http.peers import Networks, check_address
from adapters.providers.transport import HttpLimits

API_URL = "https://api.cloudpayments.ru"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudPaymentsSettings:
    """A terminal's public id and API secret; raises ValueError for what cannot work.

    The secret signs notifications too. `webhook_networks` is a second fence in front of the
    signature; CloudPayments changes its addresses now and then, so without any it is not there.
    Outside `test_mode` the secret travels over HTTPS or within this machine only.
    """

    public_id: str
    secret: str = field(repr=False)
    base_url: str = API_URL
    webhook_networks: tuple[str, ...] = ()
    test_mode: bool = False
    http: HttpLimits = field(default_factory=HttpLimits)

    def __post_init__(self) -> None:
        if not self.public_id or not self.public_id.isascii() or ":" in self.public_id:
            raise ValueError("the public id is ASCII text without a colon, and must be given")
        if not self.secret or not self.secret.isascii():
            raise ValueError("the API secret is ASCII text, and must be given")
        check_address(self.base_url, plain_allowed=self.test_mode, carried="the API secret")
        Networks(self.webhook_networks)
