"""Scripted answers: what happens next to a number, whatever the rules would have said."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from entrypoints.sandbox.faults import Kind, Rule
from entrypoints.sandbox.operators.behaviour import Standing
from entrypoints.sandbox.operators.network import Network

Verdict = Literal["billed", "pending"] | Standing


class Scripted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer to one number.

    `verdict` decides: `billed` takes the money, `pending` leaves it open until the control API
    settles it; none leaves it to the rules. `code` is answered instead of the protocol's own code
    for the verdict. `fault` strikes this very answer: `latency_after_commit` with a latency beyond
    the caller's patience is "billed but timed out", `drop_before` is "never heard". `report` says
    what becomes of the notification; `after_seconds` of business time it comes late.
    """

    verdict: Verdict | None = None
    code: str = ""
    fault: Kind | None = None
    latency_ms: Annotated[int, Meta(ge=0, le=600_000)] = 0
    interim: bool = False
    report: Literal["send", "lose", "twice"] = "send"
    after_seconds: Annotated[float, Meta(ge=0)] | None = None

    def rules(self) -> list[Rule]:
        """Return the fault as a rule for one request."""
        return [Rule(kind=self.fault, latency_ms=self.latency_ms)] if self.fault else []


AS_RULED = Scripted()


def add(network: Network, msisdn: str, operation: str, answers: list[Scripted]) -> None:
    """Script the next answers to a number, after those that wait already."""
    for answer in answers:
        network.store.run(
            "INSERT INTO script (number, msisdn, operation, body) VALUES (?, ?, ?, ?)",
            network.store.next_number(),
            msisdn,
            operation,
            msgspec.json.encode(answer),
        )


def take(network: Network, msisdn: str, operation: str) -> Scripted:
    """Return the next answer to a number and strike it off."""
    row = network.store.one(
        "SELECT number, body FROM script WHERE msisdn = ? AND operation = ? ORDER BY number",
        msisdn,
        operation,
    )
    if row is None:
        return AS_RULED
    network.store.run("DELETE FROM script WHERE number = ?", row[0])
    return msgspec.json.decode(row[1], type=Scripted)
