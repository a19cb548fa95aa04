"""What every storage of the ledger promises to whoever posts and reads."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from application.errors import NotFound
from application.ledger.ports import Posted
from application.ports import Page
from domain.ledger.chart import company, wallet
from domain.ledger.errors import DayAlreadyClosed, FloorBreached, KeyConflict, ZoneFixed
from domain.ledger.posting import Posting, References, credit, debit, reversal
from domain.shared.errors import InvalidValue
from domain.shared.ids import AttemptId, InvoiceId, OperationId, RefundId
from domain.shared.money import Money
from tests.conftest import FreshDatabase
from tests.contract.ledgers import LEDGERS, Kept
from tests.postings import CASH, NOON, REVENUE, RUB, USD, a_cause, a_posting, rub, spend, top_up

TODAY = NOON.date()
EVER = date(2000, 1, 1), date(2100, 1, 1)


@pytest.fixture(params=LEDGERS)
async def kept(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> AsyncIterator[Kept]:
    async with LEDGERS[request.param](fresh_database) as opened:
        yield opened
        assert await opened.violations() == []


async def post(kept: Kept, *postings: Posting) -> list[Posted]:
    async with kept.writing() as ledger:
        return list(await ledger.post_many(postings))


async def test_a_posting_moves_both_accounts(kept: Kept) -> None:
    [posted] = await post(kept, a_posting(1177))

    assert posted.posting_date == TODAY
    assert not posted.replayed
    assert await kept.books.balance(CASH) == rub(1177)
    assert await kept.books.balance(REVENUE) == rub(1177)


async def test_an_account_nobody_used_is_empty(kept: Kept) -> None:
    assert await kept.books.balance(CASH) == rub(0)
    assert (await kept.books.statement(CASH, Page())).lines == []


async def test_answers_come_in_the_order_of_the_postings(kept: Kept) -> None:
    postings = [a_posting(n + 1, key=f"k{9 - n}") for n in range(10)]

    posted = await post(kept, *postings)

    for posting, answer in zip(postings, posted, strict=True):
        operation = await kept.books.operation(answer.operation_id)
        assert operation is not None
        assert operation.posting.key == posting.key


async def test_nothing_is_posted_by_an_empty_batch(kept: Kept) -> None:
    assert await post(kept) == []


async def test_a_key_is_posted_once(kept: Kept) -> None:
    posting = a_posting()
    [first] = await post(kept, posting)

    [second] = await post(kept, replace(posting, cause=a_cause(reason="told again")))

    assert second == replace(first, replayed=True)
    assert await kept.books.balance(CASH) == rub(1177)


async def test_a_key_twice_in_one_batch_is_posted_once(kept: Kept) -> None:
    posting = a_posting()

    first, other, second = await post(kept, posting, a_posting(1), posting)

    assert second == replace(first, replayed=True)
    assert not other.replayed
    assert await kept.books.balance(CASH) == rub(1178)


async def test_entries_in_another_order_are_the_same_posting(kept: Kept) -> None:
    posting = a_posting()
    await post(kept, posting)

    [again] = await post(kept, replace(posting, entries=posting.entries[::-1]))

    assert again.replayed


@pytest.mark.parametrize("changed", ["amount", "account", "kind", "sides", "an entry more"])
async def test_a_key_with_other_money_is_refused_and_posts_nothing(
    kept: Kept, changed: str
) -> None:
    posting = a_posting(100)
    await post(kept, posting)
    other = {
        "amount": a_posting(101),
        "account": a_posting(100, debited=company("refunds", RUB)),
        "kind": a_posting(100, kind="other"),
        "sides": a_posting(100, debited=REVENUE, credited=CASH),
        "an entry more": a_posting(
            entries=(debit(CASH, rub(60)), debit(CASH, rub(40)), credit(REVENUE, rub(100)))
        ),
    }[changed]

    with pytest.raises(KeyConflict) as refused:
        await post(kept, a_posting(5), replace(other, key=posting.key))

    assert refused.value.key == posting.key
    assert await kept.books.balance(CASH) == rub(100)


async def test_trying_enters_all_but_the_conflicts(kept: Kept) -> None:
    taken = a_posting(100)
    await post(kept, taken)

    async with kept.writing() as ledger:
        first, second, third, fourth = await ledger.try_many(
            [a_posting(1), a_posting(7, key=taken.key), taken, a_posting(2)]
        )

    assert isinstance(second, KeyConflict)
    assert third == Posted(third.operation_id, TODAY, replayed=True)  # type: ignore[union-attr]
    assert not isinstance(first, Exception)
    assert not isinstance(fourth, Exception)
    assert await kept.books.balance(CASH) == rub(103)


async def test_currencies_of_one_posting_balance_apart(kept: Kept) -> None:
    await post(
        kept,
        a_posting(
            entries=(
                debit(CASH, rub(9000)),
                credit(REVENUE, rub(9000)),
                debit(company("refunds", USD), Money(100, USD)),
                credit(company("cash", USD), Money(100, USD)),
            )
        ),
    )

    lines = await kept.books.trial_balance()

    assert [(line.currency.code, line.code, line.balance_minor) for line in lines] == [
        ("RUB", "cash", 9000),
        ("RUB", "purchase_revenue", -9000),
        ("USD", "cash", -100),
        ("USD", "refunds", 100),
    ]


async def test_an_account_twice_in_one_posting_moves_by_the_sum(kept: Kept) -> None:
    await post(
        kept,
        a_posting(entries=(debit(CASH, rub(60)), debit(CASH, rub(40)), credit(REVENUE, rub(100)))),
    )

    assert await kept.books.balance(CASH) == rub(100)
    [day] = await kept.books.day_balances(CASH, *EVER)
    assert (day.debit_minor, day.credit_minor, day.entries) == (100, 0, 2)


async def test_wallets_are_kept_per_owner_and_currency(kept: Kept) -> None:
    anna, boris = uuid4(), uuid4()
    await post(kept, top_up(anna, 500), top_up(boris, 300), spend(anna, 200))

    balances = await kept.books.balances([wallet(anna, RUB), wallet(boris, RUB), wallet(anna, USD)])

    assert list(balances.values()) == [rub(300), rub(300), Money(0, USD)]


async def test_a_limited_wallet_is_spent_to_its_floor_and_no_further(kept: Kept) -> None:
    anna = uuid4()
    await post(kept, top_up(anna, 500, floor_minor=0), spend(anna, 500))

    with pytest.raises(FloorBreached) as refused:
        await post(kept, a_posting(3), spend(anna, 1))

    assert refused.value.account_id == wallet(anna, RUB).id
    assert await kept.books.balance(wallet(anna, RUB)) == rub(0)
    assert await kept.books.balance(CASH) == rub(500)


async def test_a_wallet_without_a_floor_may_owe(kept: Kept) -> None:
    anna = uuid4()

    await post(kept, spend(anna, 5))

    assert await kept.books.balance(wallet(anna, RUB)) == rub(-5)


async def test_a_batch_is_held_against_the_floor_as_a_whole(kept: Kept) -> None:
    anna = uuid4()

    await post(kept, top_up(anna, 1, floor_minor=0))
    await post(kept, spend(anna, 100), top_up(anna, 99))

    assert await kept.books.balance(wallet(anna, RUB)) == rub(0)


async def test_trying_refuses_only_what_breaches(kept: Kept) -> None:
    anna, boris = uuid4(), uuid4()
    await post(kept, top_up(anna, 10, floor_minor=0), top_up(boris, 10, floor_minor=0))
    tried = [spend(anna, 6), a_posting(1), spend(boris, 11), spend(anna, 6), spend(boris, 10)]

    async with kept.writing() as ledger:
        answers = await ledger.try_many(tried)

    assert [isinstance(answer, FloorBreached) for answer in answers] == [
        False, False, True, True, False,
    ]  # fmt: skip
    assert await kept.books.balance(wallet(anna, RUB)) == rub(4)
    assert await kept.books.balance(wallet(boris, RUB)) == rub(0)
    assert await kept.books.operation_by_key(tried[2].key) is None


async def test_a_floor_is_set_lifted_and_held_against_the_balance(kept: Kept) -> None:
    anna = uuid4()
    await post(kept, spend(anna, 5))

    with pytest.raises(FloorBreached):
        async with kept.writing() as ledger:
            await ledger.limit(wallet(anna, RUB), 0)
    async with kept.writing() as ledger:
        await ledger.limit(wallet(anna, RUB), -5)
    with pytest.raises(FloorBreached):
        await post(kept, spend(anna, 1))
    async with kept.writing() as ledger:
        await ledger.limit(wallet(anna, RUB), None)
    await post(kept, spend(anna, 1))

    assert await kept.books.balance(wallet(anna, RUB)) == rub(-6)


async def test_a_later_posting_does_not_loosen_a_floor(kept: Kept) -> None:
    anna = uuid4()
    await post(kept, top_up(anna, 5, floor_minor=0))

    with pytest.raises(FloorBreached):
        await post(
            kept, a_posting(6, debited=wallet(anna, RUB, floor_minor=-100), credited=REVENUE)
        )


async def test_only_personal_accounts_that_were_used_can_be_limited(kept: Kept) -> None:
    async with kept.writing() as ledger:
        with pytest.raises(InvalidValue):
            await ledger.limit(CASH, 0)
        with pytest.raises(NotFound):
            await ledger.limit(wallet(uuid4(), RUB), 0)


async def test_the_day_of_a_posting_is_counted_in_the_zone_of_the_ledger(kept: Kept) -> None:
    async with kept.writing() as ledger:
        await ledger.use_zone("Europe/Moscow")
    before = a_posting(occurred_at=datetime(2026, 1, 31, 20, 59, 59, tzinfo=UTC))
    after = a_posting(occurred_at=datetime(2026, 1, 31, 21, 0, tzinfo=UTC))

    posted = await post(kept, after, before)

    assert [each.posting_date for each in posted] == [date(2026, 2, 1), date(2026, 1, 31)]


async def test_the_zone_is_fixed_by_the_first_posting(kept: Kept) -> None:
    await post(kept, a_posting())

    with pytest.raises(ZoneFixed):
        async with kept.writing() as ledger:
            await ledger.use_zone("Asia/Almaty")
    async with kept.writing() as ledger:
        await ledger.use_zone("UTC")


async def test_what_comes_after_its_day_was_closed_counts_on_the_first_open_day(
    kept: Kept,
) -> None:
    await post(kept, a_posting(1))
    async with kept.writing() as ledger:
        await ledger.close_through(TODAY)

    [late] = await post(kept, a_posting(10))

    tomorrow = TODAY + timedelta(days=1)
    assert late.posting_date == tomorrow
    operation = await kept.books.operation(late.operation_id)
    assert operation is not None
    assert operation.is_late
    assert operation.posting.value_date == TODAY
    days = await kept.books.day_balances(CASH, *EVER)
    assert [(day.day, day.debit_minor) for day in days] == [(TODAY, 1), (tomorrow, 10)]


async def test_a_value_date_of_its_own_is_kept_and_never_early(kept: Kept) -> None:
    async with kept.writing() as ledger:
        await ledger.close_through(date(2026, 1, 10))

    back, ahead = await post(
        kept, a_posting(value_date=date(2025, 12, 31)), a_posting(value_date=date(2026, 2, 3))
    )

    assert back.posting_date == date(2026, 1, 11)
    assert ahead.posting_date == date(2026, 2, 3)


async def test_days_are_closed_in_their_order(kept: Kept) -> None:
    async with kept.writing() as ledger:
        await ledger.close_through(TODAY)
        await ledger.close_through(TODAY)
        with pytest.raises(DayAlreadyClosed):
            await ledger.close_through(TODAY - timedelta(days=1))


async def test_a_replay_after_the_close_answers_with_the_day_it_was_posted_on(kept: Kept) -> None:
    posting = a_posting()
    [first] = await post(kept, posting)
    async with kept.writing() as ledger:
        await ledger.close_through(TODAY)

    [again] = await post(kept, posting)

    assert again == replace(first, replayed=True)


async def test_a_reversal_happens_once_and_leaves_both_operations(kept: Kept) -> None:
    [posted] = await post(kept, a_posting(1177))
    async with kept.writing() as ledger:
        found = await ledger.operations([posted.operation_id, OperationId(uuid4())])
    mirror = reversal(found[posted.operation_id], occurred_at=NOON, cause=a_cause())

    [first] = await post(kept, mirror)
    [second] = await post(kept, mirror)

    assert list(found) == [posted.operation_id]
    assert second == replace(first, replayed=True)
    assert await kept.books.balance(CASH) == rub(0)
    assert len((await kept.books.statement(CASH, Page())).lines) == 2
    undone = await kept.books.reversal_of(posted.operation_id)
    assert undone is not None
    assert undone.id == first.operation_id
    assert await kept.books.reversal_of(first.operation_id) is None


async def test_an_operation_reads_back_as_it_was_posted(kept: Kept) -> None:
    references = References(
        attempt_id=AttemptId(uuid4()), refund_id=RefundId(uuid4()), invoice_id=InvoiceId(uuid4())
    )
    posting = a_posting(
        cause=a_cause(actor="gateway:yookassa", reason="вебхук", causation_id=uuid4()),
        references=references,
        entries=(
            debit(CASH, rub(3)),
            debit(wallet(uuid4(), RUB, floor_minor=-7), rub(2)),
            credit(REVENUE, rub(5)),
        ),
    )
    [posted] = await post(kept, posting)

    operation = await kept.books.operation(posted.operation_id)

    assert operation is not None
    assert operation.posting == replace(posting, value_date=TODAY)
    assert operation.posting_date == TODAY
    assert await kept.books.operation_by_key(posting.key) == operation
    assert references.attempt_id is not None
    assert references.refund_id is not None
    assert await kept.books.operations_of_attempt(references.attempt_id) == [operation]
    assert await kept.books.operations_of_refund(references.refund_id) == [operation]
    assert await kept.books.operations_of_attempt(AttemptId(uuid4())) == []
    assert await kept.books.operation(OperationId(uuid4())) is None
    assert await kept.books.operation_by_key("unheard") is None


@pytest.mark.parametrize("limit", [1, 3, 10, 11, 100])
async def test_pages_of_a_statement_show_every_entry_once_and_in_order(
    kept: Kept, limit: int
) -> None:
    for day in (3, 1, 2):
        await post(
            kept, *(a_posting(day * 10 + n, value_date=date(2026, 1, day)) for n in range(3))
        )
    await post(kept, a_posting(99, value_date=date(2026, 1, 1)))

    amounts, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = await kept.books.statement(CASH, Page(limit, cursor))
        assert len(page.lines) <= limit
        amounts += [line.amount.amount_minor for line in page.lines]
        cursor, pages = page.next_cursor, pages + 1

    assert sorted(amounts) == [10, 11, 12, 20, 21, 22, 30, 31, 32, 99]
    assert [amount // 10 for amount in amounts if amount != 99] == [1] * 3 + [2] * 3 + [3] * 3
    assert amounts.index(99) < 4
    assert pages == -(-10 // limit)


@pytest.mark.parametrize("cursor", ["", "!", "e30=", "MjAyNi0wMS0wMS9hL2I=", "я"])
async def test_a_cursor_of_somebody_else_is_refused(kept: Kept, cursor: str) -> None:
    with pytest.raises(InvalidValue):
        await kept.books.statement(CASH, Page(10, cursor))


async def test_the_trial_balance_of_a_day_leaves_out_what_came_later(kept: Kept) -> None:
    anna, boris = uuid4(), uuid4()
    await post(kept, top_up(anna, 10), top_up(boris, 5))
    later = TODAY + timedelta(days=1)
    await post(kept, replace(spend(anna, 3), value_date=later))

    today = {line.code: line for line in await kept.books.trial_balance(through=TODAY)}
    now = {line.code: line for line in await kept.books.trial_balance()}

    assert (today["wallet"].debit_minor, today["wallet"].credit_minor) == (0, 15)
    assert (now["wallet"].debit_minor, now["wallet"].credit_minor) == (3, 15)
    assert now["wallet"].accounts == 2
    assert "purchase_revenue" not in today
    assert sum(line.balance_minor for line in now.values()) == 0
