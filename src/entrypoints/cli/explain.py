"""`kazna explain ID`."""

from typing import TYPE_CHECKING

import click

from entrypoints.cli.output import json_option, print_json

if TYPE_CHECKING:
    from application.explain import Story
    from entrypoints.container import Container


@click.command()
@click.argument("reference", metavar="ID")
@json_option
def explain(reference: str, as_json: bool) -> None:
    """Tell what caused ID, what happened, and what it caused.

    ID is that of an invoice, payment, refund, subscription or operation, an entry
    (OPERATION/LINE), an invoice's number, a gateway's own id, or the key of an operation.
    """
    from application.explain import as_text
    from entrypoints.cli.reach import with_container

    async def act(container: "Container") -> "Story":
        return await container.explain()(reference)

    story = with_container(act)
    if as_json:
        print_json(story.as_json())
    else:
        click.echo(as_text(story))
