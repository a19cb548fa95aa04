"""One sandbox for all tests that do not stop it, forgotten before each, on a clock that stands."""

from collections.abc import Iterator

import pytest
from yookassa import Configuration

from tests.integration.sandbox.harness import (
    NOON,
    QUICK,
    SECRET_KEY,
    SHOP_ID,
    Receiver,
    Sandbox,
    running_sandbox,
)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """A sandbox that knows nothing and notifies nobody."""
    served.clock.now = NOON
    assert served.control.post("/reset", json={}).status_code == 200
    return served


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def notified(sandbox: Sandbox, receiver: Receiver) -> Sandbox:
    """A sandbox that notifies `receiver`, and redelivers quickly."""
    sandbox.configure(notifications={"urls": [receiver.url], "retry_seconds": QUICK})
    return sandbox


@pytest.fixture
def sdk(sandbox: Sandbox) -> Iterator[None]:
    """Point the process-wide configuration of the SDK at the sandbox."""
    Configuration.configure(SHOP_ID, SECRET_KEY, api_url=f"{sandbox.url}/v3")
    yield
    Configuration.configure(None, None)
