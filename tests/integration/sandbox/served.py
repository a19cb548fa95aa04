"""Serve a sandbox in a process of its own: `python -m tests.integration.sandbox.served FOLDER`.

Business time is read from the file `now` in the folder; the port is written to the file `port`
before the sandbox is ready: connections wait until it is.
"""

import asyncio
import socket
import sys
from datetime import datetime
from pathlib import Path

import uvicorn

from entrypoints.sandbox.app import create_sandbox
from entrypoints.sandbox.server import server_config
from tests.integration.sandbox.harness import CONTROL_TOKEN, OAUTH_TOKEN, SECRET_KEY, SHOP_ID


async def main(folder: Path) -> None:
    app = create_sandbox(
        folder=folder,
        now=lambda: datetime.fromisoformat((folder / "now").read_text()),
        shop_id=SHOP_ID,
        secret_key=SECRET_KEY,
        control_token=CONTROL_TOKEN,
        oauth_tokens=(OAUTH_TOKEN,),
    )
    server = uvicorn.Server(server_config(app, host="127.0.0.1", port=0))
    listening = socket.create_server(("127.0.0.1", 0))
    (folder / "port.new").write_text(str(listening.getsockname()[1]))
    (folder / "port.new").rename(folder / "port")
    await server.serve(sockets=[listening])


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
