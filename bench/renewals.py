"""Durable renewals per second: from a due row to a paid period with every side effect committed.

Invoice with its chain, charge attempt, gateway call, period, ledger posting, events and message:
all of it durable (fsync on), against a gateway in this process, so what is measured is Kazna and
PostgreSQL. The handlers are those of a worker; Redis is not in the path. No peer publishes this
number, so it stands alone, with the share of our own CPU in it.
"""

from time import perf_counter, process_time

from tests.integration.billing.house import House

from application.identity.register_customer import RegisterCustomer, RegisterCustomerCommand
from application.subscriptions.subscribe import Subscribe, SubscribeCommand
from bench.place import START, a_cause, place
from domain.payments.method import PaymentMethod
from domain.shared.ids import MethodId

_BATCH = 20


async def _seed(home: House, count: int) -> None:
    """Give each customer a saved card and an active subscription that renews."""
    price = await home.plan_price()
    async with home.open_uow() as uow:
        for number in range(count):
            customer = await RegisterCustomer(home.clock, home.entropy).within(
                uow, RegisterCustomerCommand(external_id=f"c-{number}")
            )
            card = home.gateway.gateway.save_method()
            method = PaymentMethod(
                id=MethodId(home.entropy.new_id()),
                customer_id=customer.id,
                provider=home.gateway.code,
                external_id=card.external_id,
                type=card.type,
                title=card.title,
                last4=card.last4,
                saved_at=home.clock.now(),
            )
            await uow.methods.keep([method])
            await Subscribe(home.clock, home.entropy, home.zone).within(
                uow,
                SubscribeCommand(
                    cause=a_cause(),
                    customer_id=customer.id,
                    price_id=price.id,
                    provider=home.gateway.code,
                    auto_renewal=True,
                    charge_saved=True,
                    method_id=method.id,
                ),
            )
        await uow.commit()
    await _carry_out(home)


async def _carry_out(home: House) -> None:
    while messages := await home.open_messages():
        for start in range(0, len(messages), _BATCH):
            await home.handle(messages[start : start + _BATCH])


async def run(*, quick: bool) -> None:
    """Measure and print."""
    count, months = (500, 2) if quick else (2000, 5)
    async with place() as here:
        home = House(here.engine, here.clock)
        assert home.clock.now() == START
        await _seed(home, count)
        rates, ours = [], []
        for _ in range(months):
            home.next_day(31)
            began, cpu = perf_counter(), process_time()
            report = await home.job("autopayments")
            await _carry_out(home)
            rates.append(count / (perf_counter() - began))
            ours.append(1000 * (process_time() - cpu) / count)
            assert report.counts == {"charged": count}, report
        granted = await home.value("SELECT count(*) FROM subscription_period")
        assert granted == count * (months + 1)
    middle = sorted(rates)[len(rates) // 2]
    print(f"durable renewals per second, one process: median {middle:.0f} of {months} months")
    print(f"our own CPU per durable renewal: {sorted(ours)[len(ours) // 2]:.2f} ms")
