"""Put the API together: routes, doors, problems, the published description."""

from typing import Any

from litestar import Litestar, Request, Router, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from entrypoints.api.bodies import read_strictly
from entrypoints.api.doors import Doorkeeper, check_declarations, guard, public
from entrypoints.api.observe import Observed
from entrypoints.api.problems import HANDLERS
from entrypoints.api.routes import catalog, customers, invoices, operations, payments, subscriptions
from entrypoints.container import Container, close

PREFIX = "/api/v1"
# Bodies of this API are small; what is larger is a mistake or an attack.
LARGEST_BODY = 256 * 1024


def create_app(house: Container) -> Litestar:
    """Return the application over a container; raises UndeclaredRoute for an unguarded route."""
    contexts = (catalog, customers, subscriptions, invoices, payments, operations)
    api = Router(
        path=PREFIX,
        before_request=read_strictly,
        route_handlers=[route for one in contexts for route in one.routes(house)],
    )

    async def let_go() -> None:
        await close(house)

    @get(f"{PREFIX}/openapi.json", opt=public(), include_in_schema=False)
    async def description(request: Request[Any, Any, Any]) -> dict[str, Any]:
        """Describe this API, as OpenAPI 3.1."""
        return request.app.openapi_schema.to_schema()

    app = Litestar(
        route_handlers=[
            api,
            payments.webhooks(house),
            description,
            *operations.probes(house),
        ],
        guards=[guard],
        middleware=[Observed(house.metrics()), Doorkeeper(house.tokens())],
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
            openapi_router=Router(path="/schema", route_handlers=[], opt=public()),
        ),
        debug=False,
    )
    check_declarations(app)
    return app
