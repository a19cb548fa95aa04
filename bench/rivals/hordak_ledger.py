"""django-hordak on PostgreSQL: a line is how many postings, made one by one by `transfer_to`.

`hordak_ledger.py prepare` creates its tables and accounts in a database of its own; `post` waits
for lines. A posting of hordak's is a transaction with two legs, checked by its triggers; it keeps
no balances, knows no idempotency key, and writes no message.
"""

import os
import random
import sys
from urllib.parse import unquote, urlsplit

import django
from django.conf import settings

_ACCOUNTS = 200


def _configured() -> None:
    url = urlsplit(os.environ["BENCH_DATABASE_URL"])
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": url.path.removeprefix("/"),
                "USER": url.username,
                "PASSWORD": unquote(url.password or ""),
                "HOST": url.hostname,
                "PORT": url.port,
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_CURRENCY="RUB",
        CURRENCIES=["RUB"],
        HORDAK_INTERNAL_CURRENCY="RUB",
        HORDAK_CURRENCIES=["RUB"],
        USE_TZ=True,
    )
    django.setup()


def prepare() -> None:
    """Create the tables and the accounts."""
    from django.core.management import call_command
    from hordak.models import Account, AccountType

    call_command("migrate", verbosity=0)
    for number in range(_ACCOUNTS):
        Account.objects.create(
            name=f"wallet {number}",
            code=str(number),
            type=AccountType.liability,
            currencies=["RUB"],
        )


def post() -> None:
    """Post as many as each line says."""
    from django.db import transaction
    from hordak.models import Account
    from moneyed import Money

    accounts = list(Account.objects.all())
    amount = Money("1.00", "RUB")
    for line in sys.stdin:
        for _ in range(int(line)):
            debited, credited = random.sample(accounts, 2)
            with transaction.atomic():
                credited.transfer_to(debited, amount)
        print("posted", flush=True)


if __name__ == "__main__":
    _configured()
    {"prepare": prepare, "post": post}[sys.argv[1]]()
