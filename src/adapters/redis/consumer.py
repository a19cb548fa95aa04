"""A consumer of bells that no content of Redis and no loss of it can stop."""

import logging
from typing import Any

import redis
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import _RedisConsumer
from dramatiq.errors import ConnectionClosed, DecodeError

_LOG = logging.getLogger("kazna.bells")


class BellConsumer(_RedisConsumer):
    """Skips what is no bell, and takes every failure of Redis for a lost connection.

    Dramatiq's own consumer loses the batch it has fetched when one message cannot be decoded, and
    holds a worker thread while an acknowledgement cannot be sent. A bell is worth neither: the
    sweep rings for everything that is still there.
    """

    def __next__(self) -> MessageProxy | None:
        while True:
            try:
                proxy: MessageProxy | None = super().__next__()  # type: ignore[no-untyped-call]
            except DecodeError:
                _LOG.warning("dropped something unreadable from the bells of %s", self.queue_name)
                continue
            except redis.RedisError as error:
                raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
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
