"""One Celery task per event of a task: the worker's side, and whoever sends them when it is run.

`celery -A celery_facts worker`; the work is one call of `plain.take_fact`, the fewest round trips
it can take. Run as a program, a line is how many tasks to assign and complete, two events each.
"""

import os
import sys
import threading
from uuid import UUID, uuid4

import psycopg
from celery import Celery

PEOPLE = 1_000
app = Celery("bench", broker=os.environ["BENCH_REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,  # a task whose worker dies is delivered again, as Kazna's messages are
    worker_prefetch_multiplier=16,
    broker_connection_retry_on_startup=True,
)
_OWN = threading.local()
_TAKE = "SELECT plain.take_fact(%s, %s::uuid, %s::uuid)"


def _connection() -> psycopg.Connection:
    if not hasattr(_OWN, "connection"):
        _OWN.connection = psycopg.connect(os.environ["BENCH_DATABASE_URL"], autocommit=True)
    return _OWN.connection


@app.task(name="take_fact")
def take_fact(fact: str, task_id: str, person_id: str) -> None:
    """Post what an event means, durably."""
    _connection().execute(_TAKE, (fact, task_id, person_id), prepare=True)


if __name__ == "__main__":
    for line in sys.stdin:
        for number in range(int(line)):
            task, person = str(uuid4()), str(UUID(int=1 + number % PEOPLE))
            take_fact.delay("TaskAssigned", task, person)
            take_fact.delay("TaskCompleted", task, person)
        print("sent", flush=True)
