"""HTTP to an operator: the verdicts of `adapters.http.transport` in the words of its port."""

import time
from collections.abc import Callable, Mapping
from typing import assert_never

from adapters.http import transport as http
from adapters.http.peers import check_address
from adapters.http.transport import Answer, HttpLimits, Undecided, Unsent
from adapters.operators.receipts import shown
from application.carrier.gateway import (
    NotSent,
    OperatorReceipt,
    OperatorSettings,
    OutcomeUnknown,
    Unreachable,
)

__all__ = ["Answer", "OperatorHttp", "Sent", "unreachable"]

Sent = Answer | NotSent | OutcomeUnknown


class OperatorHttp:
    """The connections to one address of one operator.

    `settings.timeout_seconds` bounds each call from start to last byte. `url` stands in for the
    operator's base address, where a protocol has more than one. Raises ValueError for an address
    that is none, and for one that would carry credentials unencrypted outside this machine unless
    `plain_allowed`: many operators are reached through a tunnel and speak HTTP inside it.

    `conclusive` are statuses that count as answers although they decide nothing elsewhere; such
    answers reach the caller as `Answer`. `headers` may hold credentials: they are in no verdict,
    no receipt and no log.
    """

    def __init__(
        self,
        settings: OperatorSettings,
        *,
        url: str = "",
        headers: Mapping[str, str] | None = None,
        plain_allowed: bool = False,
        conclusive: frozenset[int] = frozenset(),
        retry_hint: Callable[[bytes], float | None] = http.no_hint,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        address = url or settings.base_url
        if not address:
            raise ValueError("the operator's base address must be given")
        check_address(address, plain_allowed=plain_allowed, carried="credentials and numbers")
        if settings.timeout_seconds <= 0:
            raise ValueError("a call to the operator needs a time limit of more than zero seconds")
        self._http = http.Transport(
            settings.code,
            address,
            headers={"user-agent": "kazna", **(headers or {})},
            limits=HttpLimits(
                connect_seconds=min(3.0, settings.timeout_seconds),
                total_seconds=settings.timeout_seconds,
                response_bytes=256 * 1024,
            ),
            conclusive=conclusive,
            retry_hint=retry_hint,
            monotonic=monotonic,
        )

    async def send(
        self,
        method: str,
        path: str = "",
        *,
        token: str,
        told: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Sent:
        """Make one call; `path` is relative to the address and already quoted.

        `told` is the request as the operator log may show it, credentials left out; `token` names
        the charge in the receipt of an outcome nobody knows.
        """
        verdict = await self._http.send(method, path, query=query, headers=headers, body=body)
        match verdict:
            case Answer():
                return verdict
            case Unsent(why, retry_after):
                return NotSent(why, retry_after)
            case Undecided(why, _, answer):
                return OutcomeUnknown(why, _undecided(token, told, answer))
            case _:
                assert_never(verdict)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()


def unreachable(failed: NotSent | OutcomeUnknown) -> Unreachable:
    """Return what a question that failed on its way says of a charge: nothing."""
    return Unreachable(failed.why)


def _undecided(token: str, told: str, answer: Answer | None) -> OperatorReceipt:
    if answer is None:
        return OperatorReceipt(token=token, code="", raw_request=shown(told))
    return OperatorReceipt(
        token=token,
        code=str(answer.status),
        raw_request=shown(told),
        raw_response=shown(answer.body),
        http_status=answer.status,
    )
