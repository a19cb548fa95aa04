"""Dramatiq's broker for bells, with every setting that matters spelled out."""

import logging
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import current_millis
from dramatiq.middleware import Middleware
from redis.backoff import NoBackoff
from redis.retry import Retry

from adapters.redis.consumer import BellConsumer, Outage
from adapters.redis.waker import CHANNEL, Waker

_LOG = logging.getLogger("kazna.bells")
NAMESPACE = "kazna"
# A worker that is silent for so long is taken for dead and its bells are given to others.
_HEARTBEAT_TIMEOUT_MS = 10_000
# Every command looks for silent workers: one in a million is Dramatiq's unit.
_MAINTENANCE_CHANCE = 1_000_000
_DEAD_BELL_TTL_MS = 3_600_000
# The script takes a bound on what it unpacks at once; an enqueue unpacks nothing.
_MAX_UNPACK = 1000


def redis_client(url: str, *, timeout_seconds: float) -> "redis.Redis":
    """Create a client that gives up soon and never tries twice by itself."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        socket_keepalive=True,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 0),
    )


class BellBroker(RedisBroker):
    """Carries bells: one queue each, no delays, no retries; what to do is in the database.

    There are no delay queues, since the table decides when something is due. A bell that cannot
    be read is dropped, and one whose acknowledgement is lost is of no consequence.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.outage = Outage()
        self.waker = Waker(self.client)

    @property
    def consumer_class(self) -> type[BellConsumer]:
        """The consumer that survives anything found in Redis."""
        return BellConsumer

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue, without the queue for delayed messages Dramatiq would add."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def warn_of_eviction(self) -> None:
        """Say so when Redis may throw bells away: work would wait for the sweep each time."""
        try:
            policy = self.client.config_get("maxmemory-policy").get("maxmemory-policy")
        except redis.RedisError:
            return
        if policy not in (None, "noeviction"):
            _LOG.warning("Redis evicts by %s: set maxmemory-policy to noeviction", policy)

    def ring(self, bells: Iterable[tuple[str, Sequence[int]]]) -> None:
        """Enqueue bells of `(queue, ids)` in one round trip; raises what the client raises."""
        dispatch = self.scripts["dispatch"]
        with self.client.pipeline(transaction=False) as pipe:
            for queue, ids in bells:
                bell = _bell(queue, ids)
                arguments = [
                    *("enqueue", current_millis(), queue, self.broker_id),
                    *(self.heartbeat_timeout, self.dead_message_ttl, 0, _MAX_UNPACK),
                    *(bell.options["redis_message_id"], bell.encode()),
                ]
                dispatch(keys=[self.namespace], args=arguments, client=pipe)
                pipe.publish(CHANNEL, queue)
            pipe.execute()


def _bell(queue: str, ids: Sequence[int]) -> "dramatiq.Message[None]":
    return dramatiq.Message(
        queue_name=queue,
        actor_name=queue,
        args=(list(ids),),
        kwargs={},
        options={"redis_message_id": str(uuid4())},
    )


def create_broker(
    url: str, *, middleware: Sequence[Middleware] = (), timeout_seconds: float = 2.0
) -> BellBroker:
    """Create the broker; nothing is connected before it is used."""
    return BellBroker(
        client=redis_client(url, timeout_seconds=timeout_seconds),
        middleware=list(middleware),
        namespace=NAMESPACE,
        heartbeat_timeout=_HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=_MAINTENANCE_CHANCE,
        dead_message_ttl=_DEAD_BELL_TTL_MS,
    )
