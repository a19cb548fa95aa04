"""One Celery task per order: the worker's side, and whoever sends them when it is run.

`celery -A celery_orders worker`; the work is one call of `plain.take_order`, the fewest round trips
it can take, and the request for the operator is a task of another queue. Run as a program, a line
is how many orders to send.
"""

import os
import sys
import threading

import psycopg
from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,  # a task whose worker dies is delivered again, as Kazna's messages are
    worker_prefetch_multiplier=16,
    broker_connection_retry_on_startup=True,
)
_OWN = threading.local()


def _connection() -> psycopg.Connection:
    if not hasattr(_OWN, "connection"):
        _OWN.connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True)
    return _OWN.connection


@app.task(name="take_order")
def take_order(event_id: str, msisdn: str) -> None:
    """Take an order, and ask for its charge."""
    row = (
        _connection()
        .execute("SELECT plain.take_order(%s, %s)", (event_id, msisdn), prepare=True)
        .fetchone()
    )
    if row is not None and row[0] is not None:
        charge.apply_async((str(row[0]), msisdn), queue="bench_requests")


@app.task(name="charge")
def charge(charge_id: str, msisdn: str) -> None:
    """Nobody works on this queue: the request is what is counted."""


if __name__ == "__main__":
    placed = 0
    for line in sys.stdin:
        for number in range(placed, placed + int(line)):
            take_order.delay(f"o-{number}", f"9231{number:08}")
        placed += int(line)
        print("sent", flush=True)
