"""Decide what becomes of a message whose try came to nothing."""

import logging
from collections.abc import Sequence

from application.messaging.ports import Setback, Verdict
from application.ports import Entropy, Failed, Later, Message, Metrics
from application.queues import Kind, QueueSpec
from domain.shared.errors import DomainError

_LOG = logging.getLogger("kazna.messages")
_WHY_LIMIT = 2000
_CONTENTION_SECONDS = 0.5


def backoff_seconds(spec: QueueSpec, tries: int, fraction: float) -> float:
    """Return a random part of the doubled wait: full jitter keeps retries from marching in step."""
    longest = spec.backoff_seconds * 2.0 ** min(tries - 1, 32)
    return fraction * min(spec.backoff_cap_seconds, longest)


def after_failure(spec: QueueSpec, message: Message, failed: Failed, entropy: Entropy) -> Setback:
    """Wait and try again, or bury what is final or was tried often enough."""
    why = failed.why[:_WHY_LIMIT].replace("\x00", "") or "no reason was given"
    if failed.final or message.attempt >= spec.attempts:
        return Setback(message=message, why=why, tries=message.attempt, delay_seconds=None)
    delay = backoff_seconds(spec, message.attempt, entropy.fraction())
    return Setback(
        message=message,
        why=why,
        tries=message.attempt,
        delay_seconds=max(delay, failed.retry_after_seconds or 0.0),
    )


def after_error(
    spec: QueueSpec, message: Message, error: BaseException, verdict: Verdict, entropy: Entropy
) -> Setback:
    """Judge a message by the error its handler raised.

    A refusal of the domain is final. A message that only met another transaction is tried again
    soon, and the try is not counted.
    """
    if verdict is Verdict.CONTENDED:
        return Setback(
            message=message,
            why=_told(error),
            tries=message.attempt - (spec.kind is Kind.LOCAL),
            delay_seconds=_CONTENTION_SECONDS * entropy.fraction(),
        )
    final = isinstance(error, DomainError)
    return after_failure(spec, message, Failed(_told(error), final=final), entropy)


def put_off(message: Message, later: Later) -> Setback:
    """Let a message wait for its turn, as if it had not been claimed."""
    return Setback(
        message=message,
        why="waits for the throttle",
        tries=message.attempt - 1,
        delay_seconds=max(later.seconds, 0.0),
    )


def unknown(message: Message, why: str) -> Setback:
    """Bury a message that this version has no handler for."""
    return Setback(message=message, why=why, tries=message.attempt, delay_seconds=None)


def tell(metrics: Metrics, spec: QueueSpec, setbacks: Sequence[Setback]) -> None:
    """Count setbacks and log them; a dead message is an error somebody has to look at.

    What many of a batch met for one reason is one line, or an outage would drown all others.
    """
    lines: dict[tuple[bool, str, int, str], list[Message]] = {}
    for setback in setbacks:
        message, dead = setback.message, setback.delay_seconds is None
        metrics.count("messages_dead" if dead else "messages_retried", queue=spec.name)
        lines.setdefault((dead, message.name, message.attempt, setback.why), []).append(message)
    for (dead, name, attempt, why), those in lines.items():
        more = f" and {len(those) - 1} more" if len(those) > 1 else ""
        _LOG.log(
            logging.ERROR if dead else logging.WARNING,
            "%s message %s of %s, attempt %d: %s",
            "dead" if dead else "put back",
            f"{name}#{those[0].id}{more}",
            spec.name,
            attempt,
            why,
        )


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
