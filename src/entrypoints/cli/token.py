"""`kazna token`."""

from uuid import UUID

import click

from entrypoints.cli.output import json_option, print_json

# An access token cannot be taken back, so it is short.
_LONGEST_IN_PRODUCTION = 10


@click.command()
@click.option("--role", "roles", multiple=True, required=True, help="May be given several times.")
@click.option("--subject", required=True, help="Who it is for: an id, or a service's name.")
@click.option("--minutes", type=click.IntRange(min=1), help="KAZNA_TOKEN_MINUTES by default.")
@json_option
def token(roles: tuple[str, ...], subject: str, minutes: int | None, as_json: bool) -> None:
    """Issue a bearer token for the API and print it."""
    from adapters.security.tokens import SignedTokens
    from application.identity.access import Role
    from entrypoints.cli.failures import Refused
    from entrypoints.up.deployed import deployed_settings

    settings = deployed_settings()
    known = [str(role) for role in Role]
    if wrong := [role for role in roles if role not in known]:
        raise Refused(f"there is no role {', '.join(wrong)}; there are {', '.join(known)}")
    if roles == ("customer",) and not _is_uuid(subject):
        raise Refused("a customer's token is for the customer's id, which is a UUID")
    life = minutes or settings.token_minutes
    if settings.is_production and life > _LONGEST_IN_PRODUCTION:
        raise Refused(f"in production a token lives at most {_LONGEST_IN_PRODUCTION} minutes")
    issued = SignedTokens(settings.token_key).issue(
        subject, frozenset(Role(role) for role in roles), minutes=life
    )
    if as_json:
        print_json({"token": issued, "subject": subject, "roles": list(roles), "minutes": life})
    else:
        click.echo(issued)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
