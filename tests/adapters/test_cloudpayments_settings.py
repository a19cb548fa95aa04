"""Settings that cannot work are refused at the start, without telling the secret."""

import pytest

from adapters.providers.cloudpayments import CloudPayments, CloudPaymentsSettings, build
from tests.adapters.cloudpayments_wire import PUBLIC_ID, SECRET


def settings(**fields: object) -> CloudPaymentsSettings:
    return CloudPaymentsSettings(**{"public_id": PUBLIC_ID, "secret": SECRET, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"public_id": ""}, id="no public id"),
        pytest.param({"public_id": "pk:1"}, id="a colon"),
        pytest.param({"secret": ""}, id="no secret"),
        pytest.param({"secret": "секрет"}, id="a secret no header carries"),
        pytest.param({"base_url": "api.cloudpayments.ru"}, id="no scheme"),
        pytest.param({"base_url": "http://api.cloudpayments.ru"}, id="unencrypted"),
        pytest.param({"webhook_networks": ("anywhere",)}, id="no network"),
    ],
)
def test_what_cannot_work_is_refused_without_telling_the_secret(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        settings(**fields)

    assert SECRET not in str(refused.value)


def test_a_printed_secret_is_not_there() -> None:
    assert SECRET not in repr(settings())


async def test_it_is_built_from_its_settings_alone() -> None:
    provider = build(settings())

    assert isinstance(provider, CloudPayments)
    assert provider.code == "cloudpayments"
    await provider.aclose()
