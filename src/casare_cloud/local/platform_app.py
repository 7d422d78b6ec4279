"""The emulated platform as one ASGI application: Auth, Data API and Realtime behind the API gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from casare_cloud.local import auth, realtime, rest
from casare_cloud.local.api_gateway import ApiGateway, with_cors
from casare_cloud.local.context import LocalContext
from casare_cloud.local.forwarding import Forwarder


def create_app(context: LocalContext) -> Starlette:
    """The services of one project under /auth/v1, /rest/v1 and /realtime/v1. Its end closes the context.

    Auth is emulated, unless the context names a server of it.
    """
    real_auth = Forwarder(context.auth_url) if context.auth_url else None

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            if real_auth is not None:
                await real_auth.close()
            await realtime.close(context)
            await context.close()

    return Starlette(
        routes=[
            Mount("/auth/v1", real_auth) if real_auth else Mount("/auth/v1", routes=auth.routes(context)),
            Mount("/rest/v1", routes=rest.routes(context)),
            Mount("/realtime/v1", routes=realtime.routes(context)),
        ],
        middleware=[Middleware(with_cors), Middleware(ApiGateway, context=context)],
        lifespan=lifespan,
    )
