"""What has to be known to talk to YooKassa for one shop."""

from dataclasses import dataclass, field

from adapters.http.peers import Networks, check_address
from adapters.providers.transport import HttpLimits

# Published by YooKassa: notifications carry no signature and come from these addresses only.
WEBHOOK_NETWORKS = (
    "185.71.76.0/27",
    "185.71.77.0/27",
    "77.75.153.0/25",
    "77.75.154.128/25",
    "77.75.156.11/32",
    "77.75.156.35/32",
    "2a02:5180:0:1509::/64",
    "2a02:5180:0:2655::/64",
    "2a02:5180:0:1533::/64",
    "2a02:5180:0:2669::/64",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class YooKassaSettings:
    """The shop, its secret key and the limits of a call; raises ValueError for what cannot work.

    `webhook_networks` are the networks notifications may come from. Outside `test_mode` the
    secret travels over HTTPS or within this machine only.
    """

    shop_id: str
    secret: str = field(repr=False)
    base_url: str = "https://api.yookassa.ru/v3"
    webhook_networks: tuple[str, ...] = WEBHOOK_NETWORKS
    test_mode: bool = False
    http: HttpLimits = field(default_factory=HttpLimits)

    def __post_init__(self) -> None:
        if not self.shop_id or not self.shop_id.isascii() or ":" in self.shop_id:
            raise ValueError("the shop id is ASCII text without a colon, and must be given")
        if not self.secret or not self.secret.isascii():
            raise ValueError("the secret key is ASCII text, and must be given")
        check_address(self.base_url, plain_allowed=self.test_mode, carried="the secret key")
        Networks(self.webhook_networks)
