"""The demonstration's input is the whole data set, to the cent."""

from itertools import pairwise

from entrypoints.demo.purchases import by_day, purchases, totals


def test_the_copy_is_the_whole_data_set() -> None:
    whole = totals()

    assert whole.purchases == 69_659
    assert whole.customers == 23_570
    assert whole.amount_minor == 2_500_315_63
    assert whole.free == 80
    assert whole.days_with_several == 1_774


def test_days_come_in_order_and_lines_have_numbers_of_their_own() -> None:
    days = [day for day, _ in by_day()]
    assert all(before < after for before, after in pairwise(days))
    assert (str(days[0]), str(days[-1])) == ("1997-01-01", "1998-06-30")
    assert len({purchase.line for purchase in purchases()}) == 69_659


def test_every_fiftieth_customer_keeps_all_of_their_purchases() -> None:
    some = list(purchases(every=50))

    assert len({purchase.customer for purchase in some}) == 471
    whole = [purchase for purchase in purchases() if purchase.customer % 50 == 0]
    assert some == whole
