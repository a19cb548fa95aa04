"""One Celery task per message: the worker's side.

`celery -A celery_tasks worker`; the effect is one call of `plain.post`, the fewest round trips a
posting can take, on a connection that each thread keeps.
"""

import os
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
_POST = "SELECT plain.post(plain.account_at(%s), plain.account_at(%s), 100)"


def _connection() -> psycopg.Connection:
    if not hasattr(_OWN, "connection"):
        _OWN.connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True)
    return _OWN.connection


@app.task(name="post")
def post(debited: int, credited: int) -> None:
    """Post, durably."""
    _connection().execute(_POST, (debited, credited), prepare=True)
