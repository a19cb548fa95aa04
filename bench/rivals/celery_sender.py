"""One Celery task per message: whoever sends them. A line is how many."""

import sys

from celery_tasks import post

ACCOUNTS = 10_000

for line in sys.stdin:
    for number in range(int(line)):
        post.delay(1, 2 + number % ACCOUNTS)
    print("sent", flush=True)
