"""Mistakes of pricing, and of what facts of tasks mean to the books."""

from tests.mutants.mutant import mutant

_ACCOUNTS = "integration/tasks/test_accounts.py"
_DELIVERY = "integration/tasks/machines/test_consumer_machine.py::test_any_delivery"
_FACTS = "domain/ledger/task_accounts.py"
_DIGEST = "application/ledger/task_events.py"
_WALLETS = "adapters/postgres/wallets.py"
_FEE_KEY = 'key=f"fee:{fact.task_id}:{fact.assignation_id}",'
_NEW_FEE_KEY = "key=f\"fee:{fact.task_id}:{__import__('uuid').uuid4()}\","

PRICES = [
    mutant(
        "the upper ends of prices are never drawn",
        "domain/ledger/pricing.py",
        ("width = high - low + 1", "width = high - low"),
        by=["domain/ledger/test_pricing.py::test_every_price_comes_up_as_often_as_another"],
    ),
    mutant(
        "a price is drawn anew whenever it is asked for",
        "domain/ledger/pricing.py",
        (
            'hmac.new(key, f"{label}|{task_id}|{attempt}".encode(), sha256).digest()',
            "__import__('os').urandom(32)",
        ),
        by=["domain/ledger/test_pricing.py::test_prices_are_within_their_ends_and_always_the_same"],
    ),
    mutant(
        "a known task is priced again by every fact",
        _FACTS,
        (
            "known = replace(account, details=",
            "known = replace(account, prices=prices, details=",
        ),
        by=["domain/ledger/test_task_accounts.py::test_prices_are_the_tasks_whatever_comes_first"],
    ),
]

ENTERING = [
    mutant(
        "the reward goes to whoever the task was given to first",
        _FACTS,
        (
            "last_no=fact.assignment_no, assignee_id=fact.assignee_id)",
            "last_no=fact.assignment_no, assignee_id=account.assignee_id or fact.assignee_id)",
        ),
        ("person_id=fact.completed_by,", "person_id=account.assignee_id or fact.completed_by,"),
        by=[f"{_ACCOUNTS}::test_a_task_is_charged_when_it_is_given_and_rewarded_when_it_is_done"],
    ),
    mutant(
        "a fee has no key of the fact's own",
        _FACTS,
        (_FEE_KEY, _NEW_FEE_KEY),
        by=[f"{_ACCOUNTS}::test_what_comes_again_moves_nothing_under_whatever_name"],
    ),
    mutant(
        "an assignment is new when it is not the last one",
        _FACTS,
        (
            "if not charge_same and fact.previous_assignee_id == fact.assignee_id:",
            "if fact.assignment_no == account.last_no:",
        ),
        (_FEE_KEY, _NEW_FEE_KEY),
        by=[_DELIVERY],
    ),
    mutant(
        "whoever is given the same task again is not charged",
        _DIGEST,
        ("charge_same_assignee: bool = True", "charge_same_assignee: bool = False"),
        by=[_DELIVERY],
    ),
    mutant(
        "a completion of an unknown task is dropped",
        _DIGEST,
        ("work.parked.append((one, UNKNOWN_TASK))", "pass"),
        by=[f"{_ACCOUNTS}::test_a_completion_that_came_first_is_paid_when_the_task_is_known"],
    ),
    mutant(
        "what waited stays when its task is known",
        _DIGEST,
        ("            elif was_unknown:", "            elif False:"),
        by=[f"{_ACCOUNTS}::test_a_completion_that_came_first_is_paid_when_the_task_is_known"],
    ),
    mutant(
        "a completion is left behind by its own batch",
        _DIGEST,
        ("waiting.setdefault(key, []).append(one)\n            elif", "pass\n            elif"),
        by=[f"{_ACCOUNTS}::test_a_completion_numbered_before_what_came_with_it_waits_for_nobody"],
    ),
    mutant(
        "a task that is done is given to somebody and charged",
        _FACTS,
        ("if done is not None and fact.assignment_no > done:", "if False:"),
        by=[f"{_ACCOUNTS}::test_what_contradicts_is_kept_for_a_person_and_moves_nothing"],
    ),
    mutant(
        "two who write one wallet do not wait for each other",
        _WALLETS,
        (
            "USING (person_id, currency)\n"
            "ORDER BY wallet.person_id, wallet.currency FOR UPDATE OF wallet\n",
            "USING (person_id, currency)\n",
        ),
        by=[
            "integration/tasks/machines/test_together.py::test_weeks_go_by_while_everybody_works_at_once"
        ],
    ),
]
