"""`kazna migrate`."""

import asyncio

import click

from entrypoints.cli.output import json_option, print_json


@click.command()
@click.option("--to", "revision", default="head", help="A revision; `base` removes everything.")
@json_option
def migrate(revision: str, as_json: bool) -> None:
    """Bring the database to the tables of this version, or of another one.

    Moving back loses what the newer tables hold, and is refused in production.
    """
    from adapters.postgres import migrations
    from entrypoints.cli.failures import Refused
    from entrypoints.cli.logs import log_to_stderr
    from entrypoints.up.deployed import addresses, deployed_settings

    settings = deployed_settings()
    log_to_stderr("warning")
    known = migrations.revisions()
    if revision not in ("head", "base", *known):
        raise Refused(f"there is no revision {revision!r}; there are {', '.join(known)}")
    with addresses(settings) as found:
        now = asyncio.run(migrations.current(found.database_url))
        target = {"head": len(known), "base": 0}.get(revision)
        target = known.index(revision) + 1 if target is None else target
        if target < (known.index(now) + 1 if now else 0):
            if settings.is_production:
                raise Refused("the database is not moved back in production")
            asyncio.run(migrations.downgrade(found.database_url, revision))
        else:
            asyncio.run(migrations.upgrade(found.database_url, revision))
        after = asyncio.run(migrations.current(found.database_url))
    if as_json:
        print_json({"before": now, "after": after})
    else:
        click.echo(f"{now or 'empty'} -> {after or 'empty'}")
