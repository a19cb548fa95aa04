"""UCIP: charging a prepaid account over XML-RPC, the way Ericsson's charging systems do.

Synchronous: the answer is the outcome. There is no look-up and there are no callbacks, so an
answer that never came stays unknown until the operator's daily file or a person decides.
"""

from adapters.operators.ucip.gateway import Ucip, build

__all__ = ["Ucip", "build"]
