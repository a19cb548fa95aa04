"""A subscriber has another number: what they have goes along, and so do the lists they are on.

The old number may be given to somebody else tomorrow: it keeps a payer of its own, with no past.
"""

from application.carrier.gateway import NumberChanged
from application.carrier.ports import CarrierUnitOfWork
from domain.carrier.events import NumberMoved
from domain.carrier.operator import Operator
from domain.shared.facts import Cause
from domain.subscriptions.model import CarrierTerms


async def change_number(
    uow: CarrierUnitOfWork, operator: Operator, report: NumberChanged, cause: Cause
) -> str | None:
    """Move the payer of one number to another, or say why only a person can; never commits.

    The rows of both numbers are locked by the caller. The same change again changes nothing.
    """
    before, after = report.before, report.after
    if not operator.serves(after):
        return f"the new number is none of {operator.name}"
    found = await uow.subscriptions.of_numbers({before, after}, live=False)
    terms = [one.terms for one in found if isinstance(one.terms, CarrierTerms)]
    if before == after or all(one.msisdn == after for one in terms):
        return None
    if any(one.msisdn == after for one in terms):
        return "the new number has subscriptions of its own"
    if any(one.operator != operator.code for one in terms):
        return "the number has subscriptions with another operator"
    payer = await uow.numbers.move(before, after)
    lists = (await uow.numbers.lists_of([before])).get(before, frozenset())
    for name in sorted(lists):
        await uow.numbers.put_on_list(
            name, [after], reason="the number was changed", actor=cause.actor
        )
    uow.events.record(cause, [NumberMoved(customer_id=payer.customer_id, operator=operator.code)])
    return None
