"""Customers with a saved card and an active subscription that renews every month."""

from collections.abc import Sequence

from tests.integration.billing.house import House

from application.identity.register_customer import RegisterCustomer, RegisterCustomerCommand
from application.subscriptions.subscribe import Subscribe, SubscribeCommand
from bench.place import a_cause
from domain.payments.method import PaymentMethod
from domain.shared.ids import CustomerId, MethodId


def _saved_card(home: House, owner: CustomerId, provider: str, external_id: str) -> PaymentMethod:
    return PaymentMethod(
        id=MethodId(home.entropy.new_id()),
        customer_id=owner,
        provider=provider,
        external_id=external_id,
        type="bank_card",
        title="Bank card *4477",
        last4="4477",
        saved_at=home.clock.now(),
    )


async def subscribe_all(home: House, provider: str, cards: Sequence[str]) -> None:
    """Subscribe a customer per card; the first charges are left to whoever works on messages."""
    price = await home.plan_price()
    async with home.open_uow() as uow:
        for number, card in enumerate(cards):
            customer = await RegisterCustomer(home.clock, home.entropy).within(
                uow, RegisterCustomerCommand(external_id=f"c-{number}")
            )
            method = _saved_card(home, customer.id, provider, card)
            await uow.methods.keep([method])
            await Subscribe(home.clock, home.entropy, home.zone).within(
                uow,
                SubscribeCommand(
                    cause=a_cause(),
                    customer_id=customer.id,
                    price_id=price.id,
                    provider=provider,
                    auto_renewal=True,
                    charge_saved=True,
                    method_id=method.id,
                ),
            )
        await uow.commit()
