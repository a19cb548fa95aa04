"""Plain: a JSON protocol for operators that have none of their own; `docs/operators/plain.md`.

Keys, a look-up by token, signed callbacks: everything an integration needs to be safe, and no more.
"""

from adapters.operators.plain.gateway import Plain, build

__all__ = ["Plain", "build"]
