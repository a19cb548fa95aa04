"""What managers do with subscriptions; every change has a reason and acts once per key."""

from typing import Any
from uuid import UUID

from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from adapters.postgres.queries import show_subscription
from adapters.postgres.subscriptions import to_row
from application.errors import NotFound
from application.ports import JsonObject
from application.subscriptions.change_plan import ChangePlanCommand, PlanChangeQuote
from application.subscriptions.issue_by_hand import IssueByHandCommand
from application.subscriptions.manage import CancelNowCommand, MoveEndCommand
from domain.shared.ids import CustomerId, PriceId, SubscriptionId
from domain.subscriptions.model import Subscription
from entrypoints.api.answers import subscriptions as answers
from entrypoints.api.commands import under_key
from entrypoints.api.contract import serves
from entrypoints.api.doors import cause_of
from entrypoints.api.paging import instant
from entrypoints.api.shapes import (
    CancelOrder,
    IssuedSubscription,
    NewEnd,
    NewPause,
    NewPlanChange,
    Reasoned,
)
from entrypoints.container import Container

Http = Request[Any, Any, Any]
ONE = "/admin/subscriptions/{subscription_id:uuid}"
MAY = "subscriptions:manage"


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of managed subscriptions."""
    open_uow, clock, desk = house.open_uow(), house.clock(), house.subscription_desk()

    def show(subscription: Subscription) -> JsonObject:
        return show_subscription(to_row(subscription), clock.now())

    @post(
        "/admin/subscriptions",
        **serves(answers.Subscription, MAY, status=201, keyed=True),
    )
    async def issue(request: Http, data: JSONBody[IssuedSubscription]) -> Any:
        """Give a subscription away; who has the plan already keeps what they have."""
        house.gateways().get(data.provider)
        command = IssueByHandCommand(
            cause=cause_of(request, data.reason),
            customer_id=CustomerId(data.customer_id),
            price_id=PriceId(data.price_id),
            provider=data.provider,
            days=data.days,
        )

        async def work(uow: Any) -> JsonObject:
            if command.customer_id not in await uow.customers.get_many([command.customer_id]):
                raise NotFound("customer", command.customer_id)
            return show(await desk.issue.within(uow, command))

        return await under_key(request, open_uow, data, work, status=201)

    @post(f"{ONE}/pause", **serves(answers.Subscription, MAY, keyed=True))
    async def pause(
        request: Http, subscription_id: FromPath[UUID], data: JSONBody[NewPause]
    ) -> Any:
        """Pause it from now on; it resumes by the clock, or earlier by hand."""

        async def work(uow: Any) -> JsonObject:
            cause, key = cause_of(request, data.reason), SubscriptionId(subscription_id)
            return show(await desk.pause.within(uow, key, data.days, cause))

        return await under_key(request, open_uow, data, work, status=200)

    @post(f"{ONE}/resume", **serves(answers.Subscription, MAY, keyed=True))
    async def resume(
        request: Http, subscription_id: FromPath[UUID], data: JSONBody[Reasoned]
    ) -> Any:
        """End a pause early; the days it had left are taken off the end again."""

        async def work(uow: Any) -> JsonObject:
            cause, key = cause_of(request, data.reason), SubscriptionId(subscription_id)
            return show(await desk.resume.within(uow, key, cause))

        return await under_key(request, open_uow, data, work, status=200)

    @post(f"{ONE}/end", **serves(answers.Subscription, MAY, keyed=True))
    async def move_end(
        request: Http, subscription_id: FromPath[UUID], data: JSONBody[NewEnd]
    ) -> Any:
        """Let it end later, for free, or earlier; paid time is only taken when that is said."""
        end = instant(data.end, "end")
        assert end is not None, "the body has one"
        command = MoveEndCommand(
            cause=cause_of(request, data.reason),
            subscription_id=SubscriptionId(subscription_id),
            end=end,
            gives_up_paid_time=data.gives_up_paid_time,
        )

        async def work(uow: Any) -> JsonObject:
            return show(await desk.move_end.within(uow, command))

        return await under_key(request, open_uow, data, work, status=200)

    @post(f"{ONE}/cancel", **serves(answers.CanceledNow, MAY, keyed=True))
    async def cancel(
        request: Http, subscription_id: FromPath[UUID], data: JSONBody[CancelOrder]
    ) -> Any:
        """Cancel it now; with `refund`, tell what was paid for the time it had left."""
        command = CancelNowCommand(
            cause=cause_of(request, data.reason),
            subscription_id=SubscriptionId(subscription_id),
            refund=data.refund,
        )

        async def work(uow: Any) -> JsonObject:
            canceled, unused = await desk.cancel.within(uow, command)
            return {
                "subscription": show(canceled),
                "unused_minor": unused.amount_minor if unused else None,
                "currency": canceled.money.currency.code,
            }

        return await under_key(request, open_uow, data, work, status=200)

    @get(f"{ONE}/plan-quote", **serves(answers.PlanQuote, MAY))
    async def plan_quote(subscription_id: FromPath[UUID], price_id: FromQuery[UUID]) -> JsonObject:
        """Say what a change of plan at once would come to at this moment."""
        async with open_uow() as uow:
            quote = await desk.change_now.quote(
                uow, SubscriptionId(subscription_id), PriceId(price_id)
            )
        return _told(quote)

    def changing(request: Http, subscription_id: UUID, data: NewPlanChange) -> ChangePlanCommand:
        return ChangePlanCommand(
            cause=cause_of(request, data.reason),
            subscription_id=SubscriptionId(subscription_id),
            price_id=PriceId(data.price_id),
        )

    @post(f"{ONE}/plan", **serves(answers.Subscription, MAY, keyed=True))
    async def change_plan(
        request: Http, subscription_id: FromPath[UUID], data: JSONBody[NewPlanChange]
    ) -> Any:
        """Let another plan follow with the next period, at its own price."""
        command = changing(request, subscription_id, data)

        async def work(uow: Any) -> JsonObject:
            return show(await desk.change_later.within(uow, command))

        return await under_key(request, open_uow, data, work, status=200)

    @post(f"{ONE}/plan-now", **serves(answers.PlanChangedNow, MAY, keyed=True))
    async def change_plan_now(
        request: Http, subscription_id: FromPath[UUID], data: JSONBody[NewPlanChange]
    ) -> Any:
        """Move it to another plan at once; what is left of the old period is its credit."""
        command = changing(request, subscription_id, data)

        async def work(uow: Any) -> JsonObject:
            done = await desk.change_now.within(uow, command)
            return {
                **_told(done.quote),
                "subscription": show(done.subscription),
                "invoice_id": str(done.invoice_id),
            }

        return await under_key(request, open_uow, data, work, status=200)

    @post(f"{ONE}/keep-plan", **serves(answers.Subscription, MAY, keyed=True))
    async def keep_plan(
        request: Http, subscription_id: FromPath[UUID], data: JSONBody[Reasoned]
    ) -> Any:
        """Take a change of plan back that was to follow with the next period."""

        async def work(uow: Any) -> JsonObject:
            cause, key = cause_of(request, data.reason), SubscriptionId(subscription_id)
            return show(await desk.keep_plan.within(uow, key, cause))

        return await under_key(request, open_uow, data, work, status=200)

    return [
        issue,
        pause,
        resume,
        move_end,
        cancel,
        plan_quote,
        change_plan,
        change_plan_now,
        keep_plan,
    ]


def _told(quote: PlanChangeQuote) -> JsonObject:
    return {
        "credit_minor": quote.prorated.credit.amount_minor,
        "due_minor": quote.prorated.due.amount_minor,
        "currency": quote.prorated.due.currency.code,
        "period_start": quote.period.start.isoformat(),
        "period_end": quote.period.end.isoformat(),
    }
