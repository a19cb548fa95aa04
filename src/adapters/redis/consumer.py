"""A consumer of bells that no content of Redis and no loss of it can stop."""

import logging
import time
from typing import Any

import redis
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import _RedisConsumer
from dramatiq.errors import ConnectionClosed, DecodeError

_LOG = logging.getLogger("kazna.bells")
_AWAY_SECONDS = 1.0
# How long nobody looks for bells while every one of them is heard, and while nothing tells of them.
_HEARING_SECONDS = 0.5
_LOOKING_MS = 50


class Outage:
    """Whether Redis answers the consumers of a process; said once when it stops, once when it does.

    Consumers of all queues share it, so an outage is one line in the log and not one per queue.
    """

    def __init__(self) -> None:
        self._lasts = False

    def began(self, error: Exception) -> None:
        """Note that a command failed."""
        if not self._lasts:
            self._lasts = True
            _LOG.warning("Redis is away, the sweep does its work: %s", error)

    def ended(self) -> None:
        """Note that a command was answered."""
        if self._lasts:
            self._lasts = False
            _LOG.warning("Redis is back")


class BellConsumer(_RedisConsumer):
    """Skips what is no bell, and asks again after a while when Redis does not answer.

    Dramatiq's own consumer loses the batch it has fetched when one message cannot be decoded,
    starts anew three seconds after each error, and holds a worker thread while an acknowledgement
    cannot be sent. A bell is worth none of it: the sweep rings for everything that is still there.
    """

    def __init__(self, broker: Any, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        self.longest_pause_ms = timeout

    def __next__(self) -> MessageProxy | None:
        waker = self.broker.waker
        if not waker.listens:
            return self._looked(min(self.longest_pause_ms, _LOOKING_MS))
        waker.expect(self.queue_name)
        proxy = self._looked(0)
        if proxy is None:
            busy = self.outstanding_message_count >= self.prefetch
            waker.wait(self.queue_name, _LOOKING_MS / 1000 if busy else _HEARING_SECONDS)
        return proxy

    def _looked(self, pause_ms: int) -> MessageProxy | None:
        """Look once; when there is nothing, pause before saying so."""
        self.timeout = pause_ms
        while True:
            try:
                proxy: MessageProxy | None = super().__next__()  # type: ignore[no-untyped-call]
            except DecodeError:
                _LOG.warning("dropped something unreadable from the bells of %s", self.queue_name)
                continue
            except (redis.RedisError, ConnectionClosed) as error:
                self.broker.outage.began(error)
                time.sleep(_AWAY_SECONDS)
                return None
            self.broker.outage.ended()
            if proxy is None or self._is_bell(proxy):
                return proxy
            _LOG.warning("dropped something that is no bell of %s", self.queue_name)
            self.queued_message_ids.discard(proxy.message_id)

    def ack(self, message: MessageProxy) -> None:
        """Acknowledge; a bell that stays behind does no harm."""
        try:
            super().ack(message)  # type: ignore[no-untyped-call]
        except (redis.RedisError, ConnectionClosed):
            _LOG.debug("a bell of %s could not be acknowledged", self.queue_name)

    def nack(self, message: MessageProxy) -> None:
        """Acknowledge as well: no bell is kept for a person to look at."""
        self.ack(message)

    def requeue(self, messages: Any) -> None:
        """Give bells back to other workers, if Redis can be reached."""
        try:
            super().requeue(messages)  # type: ignore[no-untyped-call]
        except redis.RedisError:
            _LOG.debug("bells of %s could not be given back", self.queue_name)

    def _is_bell(self, proxy: MessageProxy) -> bool:
        options, args = proxy.options, proxy.args
        return (
            proxy.queue_name == self.queue_name
            and proxy.actor_name == self.queue_name
            and isinstance(options, dict)
            and isinstance(options.get("redis_message_id"), str)
            and "eta" not in options
            and not proxy.kwargs
            and len(args) == 1
            and isinstance(args[0], list)
            and all(type(id_) is int for id_ in args[0])
        )
