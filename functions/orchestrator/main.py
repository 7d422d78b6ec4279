"""Cloud function `orchestrator`: the CasareRPA orchestrator API behind functions-framework.

Entry point `orchestrator`. The framework does not run the lifespan of an app that a handler returns, so the app opens
its pool on first use.
"""

import functions_framework.aio
from starlette.requests import Request

from casare_cloud.faces.orchestrator.app import create_app

app = create_app()


@functions_framework.aio.http
async def orchestrator(request: Request):  # type: ignore[no-untyped-def]  # an ASGI app is a response to the framework
    """Every request of every path."""
    return app
