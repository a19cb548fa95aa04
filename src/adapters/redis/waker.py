"""Wakes consumers the moment a bell is rung, so that nobody has to look many times a second."""

import logging
import threading
from collections import defaultdict

import redis

CHANNEL = "kazna:rung"
_LOG = logging.getLogger("kazna.bells")
_LISTEN_SECONDS = 0.5
_AWAY_SECONDS = 1.0


class Waker:
    """Listens to the names of queues that were rung for.

    It is a convenience: what it misses, the consumers find when they look by themselves, which
    they do as often as ever while it does not listen.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        self._rung: dict[str, threading.Event] = defaultdict(threading.Event)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._listens = False

    @property
    def listens(self) -> bool:
        """Tell whether every bell from now on is heard."""
        return self._listens

    def start(self) -> None:
        """Begin to listen, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and wake everybody."""
        self._stopped.set()
        self._listens = False
        for rung in list(self._rung.values()):
            rung.set()
        if self._thread is not None:
            self._thread.join()

    def expect(self, queue: str) -> None:
        """Begin to expect a bell; one that is rung from now on is not missed by `wait`."""
        self._rung[queue].clear()

    def wait(self, queue: str, seconds: float) -> None:
        """Wait for a bell of a queue, at most so long."""
        self._rung[queue].wait(seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except (redis.RedisError, OSError) as error:
                self._listens = False
                _LOG.debug("bells are looked for, not heard: %s", error)
                self._stopped.wait(_AWAY_SECONDS)

    def _listen(self) -> None:
        with self._client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(CHANNEL)
            while not self._stopped.is_set():
                told = channel.get_message(timeout=_LISTEN_SECONDS)
                self._listens = channel.subscribed and not self._stopped.is_set()
                if told is not None:
                    self._rung[told["data"].decode("ascii", "replace")].set()
