"""The composition root: every object of a process, built from its settings.

Nothing here runs on import. Providers are lazy singletons; a process builds what it uses. The
database and Redis addresses are given apart, because they may belong to embedded servers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dependency_injector import containers, providers

from adapters.captcha.drawing import Drawing
from adapters.clock import SystemClock, VirtualClock
from adapters.entropy import SystemEntropy
from adapters.metrics.carrier import CarrierMetrics
from adapters.metrics.exchange import ExchangeMetrics
from adapters.metrics.prometheus import PrometheusMetrics
from adapters.metrics.state import StateMetrics
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.engine import create_engine
from adapters.postgres.explain import PostgresArchive
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.job_runs import PostgresJobRuns
from adapters.postgres.ledger_books import books
from adapters.postgres.messages import PostgresMessages
from adapters.postgres.queries import PostgresQueries
from adapters.postgres.schedules import PostgresTimetable
from adapters.postgres.unit_of_work import units_of_work
from adapters.postman import GuardedPostman
from adapters.redis.bell import RedisBell
from adapters.security.tokens import SignedTokens
from application.catalog.manage_plans import (
    CreatePlan,
    PutFeature,
    RetirePlan,
    SetFeatures,
    SetPrice,
)
from application.explain.tell import Explain
from application.identity.register_customer import RegisterCustomer
from application.jobs import Job, RunJob
from application.ledger.check import CheckLedger
from application.messaging.dead_letters import SettleDead
from application.messaging.ports import Workshop
from application.messaging.timetable import FireDue
from application.payments.adopt_payment import AdoptPayments
from application.payments.ask_job import AskOpenPayments
from application.payments.carry_out_charges import CarryOutCharges
from application.payments.carry_out_refunds import CarryOutRefunds
from application.payments.decide_review import DecideReview
from application.payments.expire_job import ExpirePayments
from application.payments.issue_invoice import IssueInvoice
from application.payments.look_up_payments import LookUpPayments
from application.payments.match_job import MatchPayments
from application.payments.open_charges import OpenCharges
from application.payments.pay_invoice import PayInvoice
from application.payments.receive_notification import ReceiveNotification
from application.payments.refund_tickets import DecideTicket, OpenTicket, RefundByHand
from application.payments.request_refund import RequestRefund
from application.payments.settle_payments import SettlePayments
from application.payments.settle_refunds import LookUpRefunds
from application.run_jobs import RunJobsByMessage
from application.subscriptions.change_renewal import ResumeRenewal, StopRenewal
from application.subscriptions.expire_job import ExpireSubscriptions
from application.subscriptions.renew_job import RenewDue
from application.subscriptions.subscribe import Subscribe
from entrypoints.captcha import build_captcha
from entrypoints.carrier import build_carrier, build_pixels
from entrypoints.deployment import (
    ConfiguredProviders,
    billing_policy,
    business_clock,
    configured_providers,
    outbound_of,
    payout_method,
    payout_providers,
    task_pricing,
)
from entrypoints.exchange import build_exchange
from entrypoints.notifying import build_notifying
from entrypoints.settings import Settings
from entrypoints.subscription_desk import build_subscription_desk
from entrypoints.tracker import build_tracker
from entrypoints.webhooks import build_webhooks


def _jobs(*jobs: Job, more: Sequence[Sequence[Job]]) -> dict[str, Job]:
    return {job.name: job for job in (*jobs, *(one for some in more for one in some))}


def _handlers(*some: Mapping[str, Any]) -> dict[str, Any]:
    return {name: handler for those in some for name, handler in those.items()}


class Container(containers.DeclarativeContainer):
    """Everything a process may need; `settings`, `database_url` and `redis_url` are given."""

    settings: providers.Dependency[Settings] = providers.Dependency(instance_of=Settings)
    database_url: providers.Dependency[str] = providers.Dependency(instance_of=str)
    redis_url: providers.Dependency[str] = providers.Dependency(instance_of=str)

    clock: providers.Provider[SystemClock | VirtualClock] = providers.Singleton(
        business_clock, settings
    )
    entropy = providers.Singleton(SystemEntropy)
    metrics = providers.Singleton(PrometheusMetrics)
    policy = providers.Singleton(billing_policy, settings)
    zone = settings.provided.billing_time_zone
    engine = providers.Singleton(create_engine, database_url, pool_size=settings.provided.pool_size)
    bell = providers.Singleton(RedisBell, redis_url, metrics=metrics)
    open_uow = providers.Singleton(
        units_of_work,
        engine,
        clock=clock,
        entropy=entropy,
        ring=bell.provided.ring,
        zone=zone,
        policy=policy,
    )
    gateways: providers.Provider[ConfiguredProviders] = providers.Singleton(
        configured_providers, settings
    )

    settle = providers.Singleton(SettlePayments, clock, entropy, gateways)
    open_charges = providers.Singleton(OpenCharges, clock, entropy, policy)
    charges = providers.Singleton(CarryOutCharges, open_uow, settle, gateways, clock, policy)
    look_up = providers.Singleton(LookUpPayments, open_uow, settle, gateways, clock, policy)
    refunds = providers.Singleton(CarryOutRefunds, open_uow, gateways, clock, policy)
    look_up_refunds = providers.Singleton(LookUpRefunds, gateways, clock)
    issue_invoice = providers.Singleton(IssueInvoice, open_charges)
    pay_invoice = providers.Singleton(PayInvoice, open_uow, open_charges, charges, gateways)
    receive_notification = providers.Singleton(
        ReceiveNotification, open_uow, gateways, clock, entropy
    )
    decide_review = providers.Singleton(DecideReview, open_uow, settle, gateways)
    open_ticket = providers.Singleton(OpenTicket, clock, entropy)
    decide_ticket = providers.Singleton(
        DecideTicket, clock, entropy, settings.provided.refund_limit_minor
    )
    refund_by_hand = providers.Singleton(
        RefundByHand, open_ticket, settings.provided.refund_limit_minor
    )
    request_refund = providers.Singleton(RequestRefund, open_uow, clock, entropy)

    subscribe = providers.Singleton(Subscribe, clock, entropy, zone)
    stop_renewal = providers.Singleton(StopRenewal, clock)
    resume_renewal = providers.Singleton(ResumeRenewal, clock)
    queries = providers.Singleton(PostgresQueries, engine)
    subscription_desk = providers.Singleton(
        build_subscription_desk,
        open_uow=open_uow,
        queries=queries,
        clock=clock,
        entropy=entropy,
        zone=zone,
    )
    register_customer = providers.Singleton(RegisterCustomer, clock, entropy)
    create_plan = providers.Singleton(CreatePlan, clock, entropy)
    retire_plan = providers.Singleton(RetirePlan)
    set_price = providers.Singleton(SetPrice, clock, entropy)
    set_features = providers.Singleton(SetFeatures)
    put_feature = providers.Singleton(PutFeature)

    drawing = providers.Singleton(Drawing)
    captcha = providers.Singleton(
        build_captcha, settings=settings, open_uow=open_uow, draw=drawing, entropy=entropy
    )
    outbound = providers.Singleton(outbound_of, settings)
    postman = providers.Singleton(GuardedPostman, outbound)
    pixels = providers.Singleton(
        build_pixels, engine=engine, clock=clock, entropy=entropy, metrics=metrics
    )
    carrier = providers.Singleton(
        build_carrier,
        engine=engine,
        open_uow=open_uow,
        redis_url=redis_url,
        clock=clock,
        entropy=entropy,
        metrics=metrics,
        pixels=pixels.provided.order,
        postman=postman,
        public_url=settings.provided.public_url,
        secrets=settings.provided.operator_secrets,
    )

    feed = providers.Singleton(PostgresFeed, engine)
    tracking = providers.Singleton(
        build_tracker, engine=engine, open_uow=open_uow, clock=clock, entropy=entropy, zone=zone
    )
    payout_providers = providers.Singleton(payout_providers, settings)
    exchange = providers.Singleton(
        build_exchange,
        engine=engine,
        open_uow=open_uow,
        clock=clock,
        entropy=entropy,
        metrics=metrics,
        zone=zone,
        pricing=providers.Singleton(task_pricing, settings),
        is_strict=settings.provided.strict_days,
        payout_providers=payout_providers,
        payout_method=providers.Singleton(payout_method, settings),
    )

    notifying = providers.Singleton(
        build_notifying,
        engine=engine,
        open_uow=open_uow,
        clock=clock,
        metrics=metrics,
        smtp_url=settings.provided.smtp_url,
        mail_from=settings.provided.mail_from,
    )

    webhooks = providers.Singleton(
        build_webhooks,
        settings=settings,
        engine=engine,
        open_uow=open_uow,
        clock=clock,
        entropy=entropy,
        metrics=metrics,
    )

    job_runs = providers.Singleton(PostgresJobRuns, engine)
    adopt = providers.Singleton(AdoptPayments, clock)
    jobs = providers.Singleton(
        _jobs,
        providers.Singleton(RenewDue, open_uow, entropy, zone),
        providers.Singleton(ExpireSubscriptions, open_uow),
        providers.Singleton(ExpirePayments, open_uow, settle, gateways, policy),
        providers.Singleton(AskOpenPayments, open_uow),
        providers.Singleton(
            MatchPayments, open_uow, settle, adopt, gateways, job_runs, clock, "pending"
        ),
        providers.Singleton(
            MatchPayments, open_uow, settle, adopt, gateways, job_runs, clock, "successful"
        ),
        more=providers.List(
            carrier.provided.jobs,
            exchange.provided.jobs,
            tracking.provided.jobs,
            notifying.provided.jobs,
            webhooks.provided.jobs,
            subscription_desk.provided.jobs,
        ),
    )
    run_job = providers.Singleton(RunJob, jobs, job_runs, clock, entropy, metrics)

    handlers = providers.Singleton(
        _handlers,
        providers.Dict(
            {
                "payments.charge_attempt.v1": charges,
                "payments.ask.v1": charges,
                "payments.look_up.v1": look_up,
                "payments.refund.v1": refunds,
                "payments.look_up_refund.v1": look_up_refunds,
                "jobs.run.v1": providers.Singleton(RunJobsByMessage, run_job),
            }
        ),
        subscription_desk.provided.handlers,
        carrier.provided.handlers,
        exchange.provided.handlers,
        tracking.provided.handlers,
        notifying.provided.handlers,
        webhooks.provided.handlers,
    )
    messages = providers.Singleton(PostgresMessages, engine, entropy=entropy)
    workshop = providers.Singleton(
        Workshop,
        units_of_work=open_uow,
        store=messages,
        handlers=handlers,
        entropy=entropy,
        metrics=metrics,
    )
    timetable = providers.Singleton(PostgresTimetable)
    fire_due = providers.Singleton(FireDue, open_uow, timetable, clock)

    dead_letters = providers.Singleton(PostgresDeadLetters, engine)
    settle_dead = providers.Singleton(SettleDead, open_uow, dead_letters, bell)

    tokens = providers.Singleton(SignedTokens, settings.provided.token_key)
    state_metrics = providers.Singleton(StateMetrics, engine, clock, jobs.provided.keys.call())
    carrier_metrics = providers.Singleton(CarrierMetrics, engine, clock)
    exchange_metrics = providers.Singleton(ExchangeMetrics, engine, clock, zone.provided.key)
    books = providers.Singleton(books, engine)
    check_ledger = providers.Singleton(CheckLedger, books)
    archive = providers.Singleton(PostgresArchive, engine, gateways.provided.codes.call())
    explain = providers.Singleton(Explain, archive)


def build_container(settings: Settings, *, database_url: str, redis_url: str) -> Container:
    """Return a container over servers that are known to exist; nothing is connected yet."""
    return Container(settings=settings, database_url=database_url, redis_url=redis_url)


async def close(container: Container) -> None:
    """Let go of connections; safe to call on a container that never opened any."""
    await container.gateways().aclose()
    for provider in container.payout_providers().values():
        await provider.aclose()
    await container.carrier().aclose()
    await container.outbound().aclose()
    await container.webhooks().aclose()
    await container.captcha().aclose()
    container.bell().close()
    await container.engine().dispose()
