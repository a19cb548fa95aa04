"""`kazna api`, `worker`, `scheduler` and `sandbox`: one process each, until it is told to stop."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from application.queues import QueueSpec
    from entrypoints.settings import Settings
    from entrypoints.up.deployed import Addresses

_JSON_LOGS = click.option("--json", "as_json", is_flag=True, help="Write logs as JSON lines.")


@click.command()
@_JSON_LOGS
def api(as_json: bool) -> None:
    """Serve the HTTP API at KAZNA_API_HOST and KAZNA_API_PORT."""
    with _deployment(as_json) as (settings, found):
        from entrypoints.api.server import serve
        from entrypoints.container import build_container

        container = build_container(
            settings, database_url=found.database_url, redis_url=found.redis_url
        )
        serve(container)


@click.command()
@click.option("--queues", help="Work on these queues only, separated by commas.")
@_JSON_LOGS
def worker(queues: str | None, as_json: bool) -> None:
    """Carry out messages until told to stop.

    Without --queues it works on all there are, and starts anew by itself when an operator is added.

    SIGTERM and Ctrl-C let running batches end; a second one does not.
    """
    with _deployment(as_json) as (settings, found):
        from entrypoints.processes import queues_of, worker_parts
        from entrypoints.workers.run import run_worker

        chosen = _chosen(queues, queues_of(found.database_url))
        outdated = run_worker(
            worker_parts(
                settings,
                found.database_url,
                found.redis_url,
                follows_operators=queues is None,
            ),
            redis_url=found.redis_url,
            queues=chosen,
        )
    if outdated:
        # The same process under the same number, so whoever keeps it running need not know.
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606


def _chosen(queues: str | None, known: "Mapping[str, QueueSpec]") -> "list[QueueSpec]":
    from entrypoints.cli.failures import Refused

    if queues is None:
        return list(known.values())
    names = [name.strip() for name in queues.split(",") if name.strip()]
    if wrong := [name for name in names if name not in known] or not names:
        named = ", ".join(wrong) if isinstance(wrong, list) else "''"
        raise Refused(f"there is no queue {named}; there are {', '.join(known)}")
    return [known[name] for name in names]


@click.command()
@_JSON_LOGS
def scheduler(as_json: bool) -> None:
    """Send what the timetable says is due; any number of schedulers may run."""
    with _deployment(as_json) as (settings, found):
        from entrypoints.processes import scheduler_parts
        from entrypoints.scheduler.run import run_scheduler

        run_scheduler(scheduler_parts(settings, found.database_url, found.redis_url))


@click.command()
@_JSON_LOGS
def sandbox(as_json: bool) -> None:
    """Serve emulators of the providers at KAZNA_SANDBOX_HOST and KAZNA_SANDBOX_PORT.

    Their notifications go to the API of this deployment. Refused in production.
    """
    from entrypoints.cli.failures import Refused
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.up.deployed import deployed_settings

    settings = deployed_settings()
    log_to_stderr(settings.log_level, as_json=as_json)
    if settings.is_production:
        raise Refused("the sandbox takes no money and is refused in production")
    if not settings.sandbox_token:
        raise Refused("KAZNA_SANDBOX_TOKEN must be set: it opens the sandbox's control routes")
    from entrypoints.processes import serve_sandbox

    serve_sandbox(settings)


@contextmanager
def _deployment(as_json: bool) -> "Iterator[tuple[Settings, Addresses]]":
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.up.deployed import addresses, deployed_settings

    settings = deployed_settings()
    log_to_stderr(settings.log_level, as_json=as_json)
    with addresses(settings) as found:
        if found.started:
            from adapters.postgres.migrations import upgrade_sync

            upgrade_sync(found.database_url)
        yield settings, found
