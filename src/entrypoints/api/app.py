"""Put the API together: routes, doors, problems, the published description."""

from litestar import Litestar, MediaType, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler

from application.identity.access import PUBLIC
from entrypoints.api.bodies import read_strictly
from entrypoints.api.contract import PERMISSION
from entrypoints.api.doors import Doorkeeper, check_declarations
from entrypoints.api.observe import observer
from entrypoints.api.problems import HANDLERS
from entrypoints.api.routes import (
    accounts,
    analytics,
    captcha,
    carrier,
    carrier_broadcasts,
    carrier_desk,
    carrier_pixels,
    catalog,
    corrections,
    customers,
    events,
    invoices,
    managed_subscriptions,
    notifications,
    operations,
    payments,
    people,
    promotions,
    queues,
    refund_tickets,
    subscriptions,
    tasks,
    webhooks,
)
from entrypoints.container import Container, close

PREFIX = "/api/v1"
# Bodies of this API are small; what is larger is a mistake or an attack.
LARGEST_BODY = 256 * 1024


class _DocumentOnly(Router):
    """Takes the route of the document, and not the framework's page for everything else."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        if isinstance(value, HTTPRouteHandler) and value.media_type == MediaType.HTML:
            return []
        return super().register(value)


def create_app(house: Container) -> Litestar:
    """Return the application over a container; raises UndeclaredRoute for an unguarded route."""
    contexts = {
        "Catalog": catalog,
        "Customers": customers,
        "Subscriptions": subscriptions,
        "Managed subscriptions": managed_subscriptions,
        "Promotions": promotions,
        "Invoices": invoices,
        "Payments": payments,
        "Refund tickets": refund_tickets,
        "Captcha": captcha,
        "Carrier": carrier,
        "Carrier desk": carrier_desk,
        "Broadcasts": carrier_broadcasts,
        "Postbacks": carrier_pixels,
        "Queues": queues,
        "People": people,
        "Tasks": tasks,
        "Accounts": accounts,
        "Corrections": corrections,
        "Analytics": analytics,
        "Notifications": notifications,
        "Events": events,
        "Webhooks": webhooks,
        "Operations": operations,
    }
    api = Router(
        path=PREFIX,
        before_request=read_strictly,
        route_handlers=[
            Router(path="/", route_handlers=one.routes(house), tags=[name])
            for name, one in contexts.items()
        ],
    )

    async def let_go() -> None:
        await close(house)

    app = Litestar(
        route_handlers=[
            api,
            payments.webhooks(house),
            *carrier.doors(house),
            *events.doors(house),
            *operations.probes(house),
        ],
        middleware=[Doorkeeper(house.tokens())],
        before_send=[observer(house.metrics())],
        exception_handlers=HANDLERS,
        on_shutdown=[let_go],
        request_max_body_size=LARGEST_BODY,
        openapi_config=OpenAPIConfig(
            title="Kazna",
            version="1",
            components=Components(
                security_schemes={
                    "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
                }
            ),
            security=[{"bearer": []}],
            # The framework's pages load scripts from elsewhere; the document alone does not.
            render_plugins=[JsonRenderPlugin(path="/openapi.json")],
            openapi_router=_DocumentOnly(
                path=PREFIX, route_handlers=[], opt={PERMISSION: PUBLIC}, include_in_schema=False
            ),
        ),
        # Logs are set up once by the process, not by a library.
        logging_config=None,
        debug=False,
    )
    check_declarations(app)
    return app
