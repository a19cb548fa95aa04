"""What an emulated operator has billed outlives its process, and belongs to one of them."""

from pathlib import Path

import pytest

from application.carrier.gateway import Declined, NeverHeard, Paid
from entrypoints.sandbox.operators.account import Account
from entrypoints.sandbox.operators.emulator import build
from entrypoints.sandbox.operators.tables import open_store
from tests.contract.operator_gateway import NOON, operator
from tests.contract.operators import PROTOCOLS

PLAIN = PROTOCOLS["plain"]


async def test_records_conditions_and_keys_survive_a_restart(tmp_path: Path) -> None:
    async with operator(PLAIN, tmp_path) as before:
        request = before.request()
        await before.gateway.charge(request)
        await before.configure(decline_percent=100)
        await before.will(request.msisdn, {"verdict": "barred"}, {"verdict": "billed"})

    async with operator(PLAIN, tmp_path) as after:
        again = await after.gateway.charge(request)
        barred = await after.gateway.charge(after.request(request.msisdn))
        billed = await after.gateway.charge(after.request(request.msisdn))
        poor = await after.gateway.charge(after.request())

        assert isinstance(again, Paid)
        assert isinstance(barred, Declined)
        assert isinstance(billed, Paid)
        assert isinstance(poor, Declined)
        assert len(await after.lists("billing", token=request.token)) == 1
        numbers = [line["number"] for line in await after.lists("billing")]
        assert numbers == sorted(set(numbers))


async def test_two_processes_never_share_an_operator(tmp_path: Path) -> None:
    first, second = (open_store(tmp_path / "acme.sqlite3") for _ in range(2))
    first.open()

    with pytest.raises(RuntimeError, match="cannot be opened"):
        second.open()

    first.close()
    second.open()
    second.close()


async def test_a_reset_operator_has_never_heard_of_a_charge(tmp_path: Path) -> None:
    async with operator(PLAIN, tmp_path) as one:
        request = one.request()
        await one.gateway.charge(request)
        await one.does("reset", {})

        assert await one.gateway.query(request.token, request.msisdn) == NeverHeard()


def test_a_protocol_nobody_speaks_is_refused(tmp_path: Path) -> None:
    account = Account(
        code="acme", protocol="smoke", country_code="92", currency="PKR", time_zone="Asia/Karachi"
    )

    with pytest.raises(ValueError, match="nobody emulates 'smoke'"):
        build(folder=tmp_path, now=lambda: NOON, account=account, control_token="x")
