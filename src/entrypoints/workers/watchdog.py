"""End a process whose event loop is stuck: its locks and leases are worth more than its life."""

import asyncio
import faulthandler
import os
import sys
import threading

STUCK_EXIT_CODE = 70
_BEAT_SECONDS = 1.0


class Watchdog:
    """Asks the loop for a sign of life each second and ends the process after too many misses.

    Misses are counted, not seconds: a process that was stopped and continued gets its chance.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, misses: int = 30) -> None:
        self._loop = loop
        self._allowed = misses
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End watching."""
        self._stop.set()

    def _watch(self) -> None:
        missed = 0
        while not self._stop.wait(_BEAT_SECONDS):
            beat = threading.Event()
            try:
                self._loop.call_soon_threadsafe(beat.set)
            except RuntimeError:
                return
            missed = 0 if beat.wait(_BEAT_SECONDS) else missed + 1
            if missed >= self._allowed:
                sys.stderr.write("kazna: the event loop is stuck, the process ends itself\n")
                faulthandler.dump_traceback(all_threads=True)
                os._exit(STUCK_EXIT_CODE)
