"""An operator's program as somebody else would write it: the standard library and the document.

It knows nothing of Kazna but its address, its queues and a file with a token. What it bills goes
into a file of its own, one line a charge, before anybody hears of it. The last digit of a number
says what happens: 2 is declined, 3 is billed and answered when the lease is over, 4 is billed and
then the program hangs until somebody kills it; all others are billed and answered.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from uuid import uuid4

Json = dict[str, Any]


class Books:
    """What was billed, by token: the program's only memory, and it outlives the program."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lines: dict[str, Json] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                self._read(json.loads(line))

    def _read(self, line: Json) -> None:
        if line["what"] == "billed":
            self.lines[line["token"]] = line
        else:
            self.lines[line["token"]]["told"] = True

    def bill(self, record: Json) -> Json:
        """Take the money, once per token."""
        token = record["operator_token"]
        if token not in self.lines:
            billed = {"what": "billed", "token": token, "record": record, "own": f"op-{token}"}
            self._write(billed)
        return self.lines[token]

    def told(self, token: str) -> None:
        """Remember that Kazna knows."""
        self._write({"what": "told", "token": token})

    def _write(self, line: Json) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._read(line)


class Program:
    """Claims, bills, answers."""

    def __init__(self, base: str, operator: str, folder: Path) -> None:
        self._base, self._operator, self._folder = base, operator, folder
        self._books = Books(folder / "books.jsonl")

    def call(self, queue: str, action: str, body: Json) -> Json:
        """Call Kazna, for as long as it takes."""
        url = f"{self._base}/api/v1/queues/{self._operator}_{queue}/{action}"
        while True:
            token = (self._folder / "token").read_text().strip()
            request = urllib.request.Request(  # noqa: S310 - the address is given by hand
                url,
                data=json.dumps(body).encode(),
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                    told: Json = json.load(answer)
                    return told
            except urllib.error.HTTPError as error:
                if error.code < 500 and error.code != 429:
                    raise
            except OSError:
                pass
            time.sleep(0.5)

    def run(self, *, quiet: bool) -> None:
        """Tell what nobody heard before, unless it is to be quiet, then work for ever."""
        for line in list(self._books.lines.values()):
            if not quiet and not line.get("told"):
                self.tell_late(line)
        while True:
            asked = {"lease": str(uuid4()), "limit": 1, "lease_seconds": 2, "wait_seconds": 5}
            claimed = self.call("requests", "claim", asked)
            for message in claimed["messages"]:
                self.note("claimed", message)
                self.charge(claimed["lease"], message)

    def charge(self, lease: str, message: Json) -> None:
        record: Json = message["event_data"]
        number = record["msisdn"]
        if number.endswith("2"):
            declined = {**record, "opertor_err": "112"}
            if self.ack(lease, message, declined) != 200:
                self.say(record["operator_token"], declined)
            return
        line = self._books.bill(record)
        if number.endswith("4") and not message["redelivered"]:
            self.note("hangs", message)
            time.sleep(3600)
        if number.endswith("3"):
            time.sleep(5)
        status = self.ack(lease, message, paid(line))
        if status == 200:
            self._books.told(line["token"])
        else:
            self.tell_late(line)

    def ack(self, lease: str, message: Json, record: Json) -> int:
        answer = {
            "id": message["id"],
            "event_name": "operator_response",
            "event_data": record,
        }
        told = self.call("requests", "ack", {"lease": lease, "answers": [answer]})
        status: int = told["results"][0]["status"]
        self.note(f"ack {status}", message)
        return status

    def tell_late(self, line: Json) -> None:
        """Bring an answer whose lease is over."""
        self.say(line["token"], paid(line))
        self._books.told(line["token"])

    def say(self, token: str, record: Json) -> None:
        """Say how a charge ended; its token is the id, so a repeat is a no-op."""
        late = {
            "id": token,
            "event_name": "operator_response",
            "event_data": record,
            "token": token,
        }
        self.call("responses", "messages", {"messages": [late]})

    def note(self, what: str, message: Json) -> None:
        """Say aloud what happens, for whoever watches."""
        number, again = message["event_data"]["msisdn"], message["redelivered"]
        print(json.dumps({"what": what, "msisdn": number, "again": again}), flush=True)


def paid(line: Json) -> Json:
    return {**line["record"], "paid": True, "operator_token": line["own"]}


if __name__ == "__main__":
    Program(sys.argv[1], sys.argv[2], Path(sys.argv[3])).run(quiet="--quiet" in sys.argv)
