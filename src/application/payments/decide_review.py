"""A person ends a review: the money is taken as it is, or it goes back."""

from collections.abc import Callable
from dataclasses import dataclass

from application.errors import NotFound, Unavailable
from application.payments.answers import Answer, ReturnedByHand, TakenByHand
from application.payments.ports import PaymentsUnitOfWork, Providers
from application.payments.provider import Found, Missing, PaymentSnapshot, Unreachable
from application.payments.settle_payments import SettlePayments
from application.ports import UnitsOfWork
from domain.payments.attempt import Attempt, IllegalMove, Review
from domain.shared.errors import InvalidValue
from domain.shared.facts import Cause
from domain.shared.ids import AttemptId


@dataclass(frozen=True, slots=True)
class DecideReview:
    """Fetch what the gateway holds now, and settle on it through the one door."""

    units_of_work: UnitsOfWork[PaymentsUnitOfWork]
    settle: SettlePayments
    providers: Providers

    async def shown(self, attempt_id: AttemptId) -> PaymentSnapshot:
        """Ask the gateway, outside of any transaction.

        Raises NotFound, IllegalMove for a payment nobody has to decide about, InvalidValue where
        the gateway knows no such payment, Unavailable where it cannot be asked.
        """
        async with self.units_of_work() as uow:
            attempt = (await uow.attempts.get_many([attempt_id])).get(attempt_id)
        if attempt is None:
            raise NotFound("payment", attempt_id)
        external_id = _in_review(attempt).external_id
        match await self.providers.get(attempt.provider).get_payment(external_id):
            case Found(snapshot):
                return snapshot
            case Missing():
                raise InvalidValue("the gateway knows no such payment")
            case Unreachable(why):
                raise Unavailable(f"the gateway cannot be asked: {why}")

    async def take(
        self, uow: PaymentsUnitOfWork, attempt_id: AttemptId, shown: PaymentSnapshot, cause: Cause
    ) -> None:
        """Take the captured money for what was owed; refuses where nothing was captured."""
        if not shown.captured.is_positive:
            raise InvalidValue("nothing was captured, so there is nothing to take: return it")
        await self._decide(uow, attempt_id, shown, cause, TakenByHand)

    async def give_back(
        self, uow: PaymentsUnitOfWork, attempt_id: AttemptId, shown: PaymentSnapshot, cause: Cause
    ) -> None:
        """Book what was captured and send it back, or let the payment go."""
        await self._decide(uow, attempt_id, shown, cause, ReturnedByHand)

    async def _decide(
        self,
        uow: PaymentsUnitOfWork,
        attempt_id: AttemptId,
        shown: PaymentSnapshot,
        cause: Cause,
        decision: Callable[[PaymentSnapshot], TakenByHand | ReturnedByHand],
    ) -> None:
        attempt = (await uow.attempts.lock_many([attempt_id]))[attempt_id]
        _in_review(attempt)
        answer = Answer(
            attempt_id=attempt_id, answer=decision(shown), question="decided by hand", cause=cause
        )
        await self.settle(uow, [answer])
        await uow.journal.resolve(
            attempt.provider, shown.external_id, "mismatch", note=cause.reason
        )


def _in_review(attempt: Attempt) -> Review:
    if not isinstance(attempt.state, Review):
        raise IllegalMove(attempt, "be decided by hand")
    return attempt.state
