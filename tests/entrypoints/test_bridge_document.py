"""What the document shows can be sent as it stands, and is answered as it says."""

import re
from pathlib import Path

import msgspec
import pytest

from adapters.operators.bridge import build
from application.carrier.gateway import OperatorSettings
from entrypoints.api.answers.queues import Claimed, Results
from entrypoints.api.shapes import Body
from entrypoints.api.shapes_carrier import NewOperator
from entrypoints.api.shapes_queues import Answers, Deliveries, Failures, NewClaim, NewRenewal

PAGE = (Path(__file__).parents[2] / "docs" / "bridge.md").read_text()
SHAPES: dict[str, type[Body]] = {
    "operators/mobilink": NewOperator,
    "claim": NewClaim,
    "ack": Answers,
    "fail": Failures,
    "messages": Deliveries,
}
_CURL = re.compile(
    r"http://127\.0\.0\.1:8000/api/v1/\S*?/(operators/\w+|\w+) \\\n.*?-d '(.*?)'", re.S
)


def test_every_kind_of_request_is_shown() -> None:
    assert {kind for kind, _ in _CURL.findall(PAGE)} == set(SHAPES)


@pytest.mark.parametrize(("kind", "body"), _CURL.findall(PAGE))
def test_a_request_that_is_shown_has_the_shape_of_its_route(kind: str, body: str) -> None:
    read = msgspec.json.decode(body, type=SHAPES[kind])
    if isinstance(read, NewOperator):
        given = OperatorSettings(
            code="mobilink",
            country_code=read.country_code,
            currency=read.currency,
            time_zone=read.time_zone,
            options=read.options,
        )
        assert build(given).code == "mobilink"


def test_answers_that_are_shown_are_ours() -> None:
    [claimed] = re.findall(r"```json\n(.*?)```", PAGE, re.S)
    assert len(msgspec.json.decode(claimed, type=Claimed).messages) == 1
    [results] = re.findall(r"^(\{\"results\".*)$", PAGE, re.M)
    assert msgspec.json.decode(results, type=Results).results[0].status == 200
    [renewal] = re.findall(r"`renew`: `(.*?)`", PAGE)
    token = "00000000-0000-7000-8000-000000000000"
    assert msgspec.json.decode(renewal.replace("…", token), type=NewRenewal).ids == [4711]


def test_every_option_is_listed() -> None:
    table = PAGE[PAGE.index("| option |") : PAGE.index("## A charge")]
    options = {
        "mode": "async",
        "idempotent": True,
        "callback_hours": 1,
        "sms": True,
        "tariffs_minor": [1],
        "declines": {"1": "other"},
    }
    assert re.findall(r"^\| `(\w+)`", table, re.M) == list(options)
    given = OperatorSettings(
        code="m", country_code="92", currency="PKR", time_zone="UTC", options=options
    )
    assert build(given).code == "m"
