"""Cloud function `dashboard`: the page of people who watch their tenant, behind functions-framework.

Entry point `dashboard`. It needs no secret: the page talks to the function `orchestrator` and to Supabase as the person
who has signed in.
"""

import os

import functions_framework.aio
from starlette.requests import Request

from casare_cloud.faces.dashboard.app import Dashboard, create_app

# Whose X-Forwarded-For counts is decided by CASARE_TRUSTED_PROXIES. The server must not rewrite the client's address
# before that: by default it believes anybody who connects from the loopback address.
os.environ.setdefault("FORWARDED_ALLOW_IPS", "")

app = create_app()


@functions_framework.aio.http
async def dashboard(request: Request) -> Dashboard:
    """Every request of every path: an ASGI app is a response to the framework."""
    return app
