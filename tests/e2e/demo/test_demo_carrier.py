"""A week of mobile operators walks, and its books equal the operators' own records."""

import json
from pathlib import Path

from tests.e2e.demo.test_demo import kazna


def test_a_small_week_ends_with_equal_books(tmp_path: Path) -> None:
    folders = ("--folder", str(tmp_path / "data"), "--report", str(tmp_path / "report"))
    ended = kazna("demo", "carrier", "--orders", "120", *folders, "--json")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    report = json.loads(ended.stdout)
    assert all(check["holds"] for check in report["checks"]), report["checks"]
    assert len(report["operators"]) == 3
    for line in report["operators"]:
        assert line["paid"] == line["billed"] > 0
        assert line["ledger_minor"] == line["captured_minor"] == line["billed_minor"]
    assert sum(line["unsubscribed"] for line in report["operators"]) > 0
    assert sum(line["listed"] for line in report["operators"]) > 0
    assert "<script" not in (tmp_path / "report" / "operators.svg").read_text()


def test_the_same_seed_draws_the_same_week() -> None:
    from entrypoints.demo.carrier.cast import CAST
    from entrypoints.demo.carrier.traffic import draw_traffic

    one, same, other = (draw_traffic(CAST, 500, seed) for seed in (1, 1, 2))
    assert (one.orders, one.stops) == (same.orders, same.stops)
    assert one.orders != other.orders
    assert sum(one.count(operator) for operator in CAST) == 500
