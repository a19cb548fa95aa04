"""What a deployment in one terminal decides by itself where the settings say nothing."""

import secrets
from collections.abc import Mapping

from entrypoints.settings import Settings
from entrypoints.up.deployed import Addresses

_SHOP, _PAYOUT_AGENT = "100500", "500500"


def uses_sandbox(settings: Settings) -> bool:
    """Tell whether charges go to the sandbox: no shop is configured and no money is at stake."""
    return settings.yookassa_shop_id is None and not settings.is_production


def decided(settings: Settings, found: Addresses) -> Mapping[str, str]:
    """Return the settings that every process of this deployment gets besides the given ones.

    The sandbox's secrets are drawn anew at each start: nothing outside this deployment has them.
    """
    environment = {
        "KAZNA_DATABASE_URL": found.database_url,
        "KAZNA_REDIS_URL": found.redis_url,
        "KAZNA_DATA_FOLDER": str(settings.data_folder.resolve()),
    }
    if uses_sandbox(settings):
        environment |= {
            "KAZNA_SANDBOX_TOKEN": settings.sandbox_token or secrets.token_urlsafe(32),
            "KAZNA_YOOKASSA_SHOP_ID": _SHOP,
            "KAZNA_YOOKASSA_SECRET": secrets.token_urlsafe(32),
            "KAZNA_YOOKASSA_PAYOUT_AGENT": _PAYOUT_AGENT,
            "KAZNA_YOOKASSA_PAYOUT_SECRET": secrets.token_urlsafe(32),
            "KAZNA_YOOKASSA_URL": f"http://{settings.sandbox_host}:{settings.sandbox_port}/v3",
            "KAZNA_YOOKASSA_TEST": "true",
            "KAZNA_YOOKASSA_NETWORKS": "127.0.0.1/32,::1/128",
        }
    return environment
