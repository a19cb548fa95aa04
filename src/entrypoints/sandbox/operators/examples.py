"""The operators that `kazna sandbox` emulates without being told more."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from entrypoints.sandbox.operators.account import Account

# Secrets of a sandbox open nothing; those of the deployment replace them where it has any.
_KNOWN: Final = (
    Account(
        code="mobilink",
        protocol="ucip",
        country_code="92",
        currency="PKR",
        time_zone="Asia/Karachi",
        secrets=MappingProxyType({"sms_user": "sandbox", "sms_password": "sandbox"}),
    ),
    Account(
        code="plain",
        protocol="plain",
        country_code="7",
        currency="RUB",
        time_zone="Europe/Moscow",
        secrets=MappingProxyType(
            {"api_key": "sandbox-api-key-0", "callback_secret": "sandbox-callback-0"}
        ),
    ),
    Account(
        code="yondu",
        protocol="xportal",
        country_code="63",
        currency="PHP",
        time_zone="Asia/Manila",
        secrets=MappingProxyType({"key": "sandbox-key-0", "callback_key": "sandbox-callback-0"}),
    ),
    Account(
        code="qrtech",
        protocol="qrtech",
        country_code="66",
        currency="THB",
        time_zone="Asia/Bangkok",
        options=MappingProxyType(
            {"services": {"4541": {"service": "tips", "id": "12", "price_minor": 900}}}
        ),
        secrets=MappingProxyType(
            {
                "username": "sandbox",
                "mo_token": "sandbox-mo-0",
                "callback_key": "sandbox-callback-0",
            }
        ),
    ),
)


def examples(secrets: Mapping[str, Mapping[str, str]], callbacks_url: str) -> tuple[Account, ...]:
    """Return them with the deployment's own secrets, calling back under `callbacks_url`."""
    return tuple(
        replace(
            account,
            callback_url=f"{callbacks_url}/{account.code}",
            secrets={**account.secrets, **secrets.get(account.code, {})},
        )
        for account in _KNOWN
    )
