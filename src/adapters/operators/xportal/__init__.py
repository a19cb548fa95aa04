"""XPortal: requests by GET, outcomes by notification; `docs/operators/xportal.md`.

Yondu's gateway to Globe is of this kind: prices are tariff codes, and nothing is signed.
"""

from adapters.operators.xportal.gateway import XPortal, build

__all__ = ["XPortal", "build"]
