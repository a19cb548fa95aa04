"""The gateways of the operators as their rows stand, built when they are first asked for."""

import asyncio
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from typing import Any

from adapters.operators.registry import UnknownProtocol, build_operator, discover
from application.carrier.gateway import OperatorGateway, OperatorSettings
from application.carrier.ports import References
from application.errors import NotFound, Unavailable
from domain.carrier.operator import Operator
from domain.shared.errors import InvalidValue


class ConfiguredOperators:
    """One gateway per operator, built anew when its row has changed.

    Secrets come by operator code from the settings of the deployment, never from the row.
    """

    def __init__(self, references: References, secrets: Mapping[str, Mapping[str, str]]) -> None:
        self._references = references
        self._secrets = secrets
        self._installed: Mapping[str, EntryPoint] = discover()
        self._built: dict[str, tuple[int, OperatorGateway]] = {}
        self._building = asyncio.Lock()

    async def get(self, code: str) -> OperatorGateway:
        """Return one; raise NotFound for no row, Unavailable for a row nothing can be built of."""
        operator = (await self._references.current()).operators.get(code)
        if operator is None or not operator.is_active:
            raise NotFound("operator", code)
        async with self._building:
            known = self._built.get(code)
            if known is not None and known[0] == operator.version:
                return known[1]
            built = self._build(operator)
            self._built[code] = (operator.version, built)
        if known is not None:
            await known[1].aclose()
        return built

    async def aclose(self) -> None:
        """Close the connections of all of them."""
        for _, gateway in self._built.values():
            await gateway.aclose()

    def _build(self, operator: Operator) -> OperatorGateway:
        given = _settings(operator, self._secrets.get(operator.code, {}))
        try:
            return build_operator(operator.protocol, given, self._installed)
        except (UnknownProtocol, ValueError) as error:
            raise Unavailable(f"operator {operator.code}: {error}") from error


def trial_build(operator: Operator, secrets: Mapping[str, str]) -> None:
    """Build a gateway only to see that it can be; raise InvalidValue with what is wrong."""
    try:
        build_operator(operator.protocol, _settings(operator, secrets), discover())
    except (UnknownProtocol, ValueError) as error:
        raise InvalidValue(str(error)) from error


def _settings(operator: Operator, secrets: Mapping[str, str]) -> OperatorSettings:
    return OperatorSettings(
        code=operator.code,
        country_code=operator.country_code,
        currency=operator.currency.code,
        time_zone=operator.time_zone,
        prefixes=operator.prefixes,
        base_url=operator.base_url,
        timeout_seconds=operator.timeout_seconds,
        options=operator.options,
        secrets=secrets,
    )


def is_managed(protocol: str, options: Mapping[str, Any]) -> bool:
    """Tell whether an operator charges by its own timetable, by its protocol or by its options."""
    return options.get("mode") == "managed" or protocol == "qrtech"
