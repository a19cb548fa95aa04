"""Settings that cannot work are refused at the start; providers are found by entry point."""

from importlib.metadata import EntryPoint

import pytest

from adapters.providers.registry import GROUP, UnknownProvider, build_providers, discover
from adapters.providers.yookassa import YooKassa, YooKassaSettings
from tests.adapters.yookassa_wire import SECRET


def settings(**fields: object) -> YooKassaSettings:
    return YooKassaSettings(**{"shop_id": "100500", "secret": SECRET, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"shop_id": ""}, id="no shop"),
        pytest.param({"shop_id": "100:500"}, id="a colon"),
        pytest.param({"secret": ""}, id="no secret"),
        pytest.param({"secret": "секрет"}, id="a secret no header carries"),
        pytest.param({"base_url": "api.yookassa.ru"}, id="no scheme"),
        pytest.param({"base_url": "ftp://api.yookassa.ru"}, id="another scheme"),
        pytest.param({"base_url": "https://api.yookassa.ru/v3?x=1"}, id="a query"),
        pytest.param({"base_url": "http://api.yookassa.ru/v3"}, id="unencrypted"),
        pytest.param({"webhook_networks": ("185.71.76.0/27", "anywhere")}, id="no network"),
        pytest.param({"webhook_networks": ("185.71.76.1/27",)}, id="host bits"),
    ],
)
def test_what_cannot_work_is_refused_without_telling_the_secret(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        settings(**fields)

    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8420/v3", "http://localhost:8420/v3", "http://[::1]:8420/v3"]
)
def test_the_secret_may_stay_within_this_machine_unencrypted(base_url: str) -> None:
    settings(base_url=base_url)


def test_a_test_shop_may_be_anywhere() -> None:
    settings(base_url="http://sandbox:8420/v3", test_mode=True)


def test_a_printed_secret_is_not_there() -> None:
    assert SECRET not in repr(settings())


async def test_the_installed_yookassa_is_found_and_built() -> None:
    assert "yookassa" in discover()

    built = build_providers({"yookassa": settings()}, discover())

    assert list(built) == ["yookassa"]
    assert isinstance(built["yookassa"], YooKassa)
    await built["yookassa"].aclose()


def test_a_provider_nobody_installed_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownProvider, match=r"'moneybags'; installed: .*yookassa"):
        build_providers({"moneybags": object()}, discover())


def test_a_provider_must_answer_to_the_name_it_is_found_under() -> None:
    alias = EntryPoint("kassa", "adapters.providers.yookassa:build", GROUP)

    with pytest.raises(ValueError, match="'kassa' calls itself 'yookassa'"):
        build_providers({"kassa": settings()}, {"kassa": alias})
