"""QRTech: an operator that charges by itself for one text a day; `docs/operators/qrtech.md`."""

from adapters.operators.qrtech.gateway import QRTech, build

__all__ = ["QRTech", "build"]
