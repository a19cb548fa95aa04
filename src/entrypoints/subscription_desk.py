"""The managers' part of the composition root: what a hand may do to a subscription."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from adapters.postgres.promotions import PostgresPromotionQueries
from adapters.postgres.queries import PostgresQueries
from application.jobs import Job
from application.ports import Clock, Entropy
from application.subscriptions.change_plan import ChangePlanLater, ChangePlanNow, KeepPlan
from application.subscriptions.issue_by_hand import IssueByHand
from application.subscriptions.manage import (
    CancelNow,
    MoveEnd,
    PauseSubscription,
    ResumeSubscription,
)
from application.subscriptions.promote import PROMOTE, AcceptPromotion, IssuePromotions
from application.subscriptions.resume_job import ResumePaused


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDesk:
    """What managers do with subscriptions."""

    issue: IssueByHand
    pause: PauseSubscription
    resume: ResumeSubscription
    move_end: MoveEnd
    cancel: CancelNow
    change_later: ChangePlanLater
    change_now: ChangePlanNow
    keep_plan: KeepPlan
    promote: AcceptPromotion
    promotions: PostgresPromotionQueries
    handlers: Mapping[str, Any]
    jobs: Sequence[Job]


def build_subscription_desk(
    *, open_uow: Any, queries: PostgresQueries, clock: Clock, entropy: Entropy, zone: ZoneInfo
) -> SubscriptionDesk:
    """Put the desk together."""
    issue = IssueByHand(clock, entropy, zone)
    return SubscriptionDesk(
        issue=issue,
        pause=PauseSubscription(clock),
        resume=ResumeSubscription(clock),
        move_end=MoveEnd(clock),
        cancel=CancelNow(clock),
        change_later=ChangePlanLater(clock, zone),
        change_now=ChangePlanNow(clock, zone),
        keep_plan=KeepPlan(clock),
        promote=AcceptPromotion(clock, entropy),
        promotions=PostgresPromotionQueries(queries),
        handlers={PROMOTE: IssuePromotions(issue)},
        jobs=[ResumePaused(open_uow)],
    )
