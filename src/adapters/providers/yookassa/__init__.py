"""YooKassa: card payments, saved methods, two stages, refunds, notifications without signatures."""

from adapters.providers.yookassa.provider import YooKassa, build
from adapters.providers.yookassa.settings import WEBHOOK_NETWORKS, YooKassaSettings

__all__ = ["WEBHOOK_NETWORKS", "YooKassa", "YooKassaSettings", "build"]
