"""Customers and their saved payment methods."""

from typing import Any
from uuid import UUID

from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody

from adapters.postgres.codec import fields_of
from application.errors import NotFound
from application.identity.register_customer import RegisterCustomerCommand
from application.ports import JsonObject
from domain.payments.method import deactivate
from domain.shared.ids import MethodId
from entrypoints.api import answers
from entrypoints.api.commands import in_transaction
from entrypoints.api.contract import serves
from entrypoints.api.doors import caller_of
from entrypoints.api.paging import Cursor, Limit, Word, page, shown
from entrypoints.api.shapes import NewCustomer
from entrypoints.container import Container

Http = Request[Any, Any, Any]


def routes(house: Container) -> list[HTTPRouteHandler]:
    """Return the routes of customers."""
    open_uow, queries = house.open_uow(), house.queries()

    @post("/customers", **serves(answers.Customer, "customers:register", status=201))
    async def register(data: JSONBody[NewCustomer]) -> JsonObject:
        """Register a payer; a known external id gives the customer there is."""

        async def work(uow: Any) -> JsonObject:
            command = RegisterCustomerCommand(
                external_id=data.external_id,
                email=data.email,
                time_zone=data.time_zone,
                locale=data.locale,
            )
            return fields_of(await house.register_customer().within(uow, command))

        return await in_transaction(open_uow, work)

    @get("/customers", **serves(answers.Customers, "customers:read"))
    async def customers(
        request: Http, external_id: Word = None, limit: Limit = 50, cursor: Cursor = None
    ) -> JsonObject:
        """Customers, newest first; a customer finds themselves."""
        where = {"id": caller_of(request).own, "external_id": external_id}
        return shown(await queries.listing("customer", page(limit, cursor), where))

    @get("/customers/{customer_id:uuid}", **serves(answers.Customer, "customers:read"))
    async def customer(request: Http, customer_id: FromPath[UUID]) -> JsonObject:
        """One customer."""
        return await queries.one("customer", customer_id, caller_of(request).own)

    @get("/payment-methods", **serves(answers.Methods, "methods:read"))
    async def methods(
        request: Http,
        customer_id: FromQuery[UUID | None] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> JsonObject:
        """Saved methods; what a gateway knows them by is not shown."""
        where = {"customer_id": caller_of(request).own or customer_id}
        return shown(await queries.methods(page(limit, cursor), where))

    @delete("/payment-methods/{method_id:uuid}", **serves(None, "methods:forget", status=204))
    async def forget(request: Http, method_id: FromPath[UUID]) -> None:
        """Never charge a method again."""
        own = caller_of(request).own

        async def work(uow: Any) -> JsonObject:
            found = (await uow.methods.get_many([MethodId(method_id)])).get(method_id)
            if found is None or (own is not None and found.customer_id != own):
                raise NotFound("payment method", method_id)
            if found.is_active:
                await uow.methods.save_many([deactivate(found, "forgotten by the customer")])
            return {}

        await in_transaction(open_uow, work)

    return [register, customers, customer, methods, forget]
