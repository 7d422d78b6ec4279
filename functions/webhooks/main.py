"""Cloud function `webhooks`: the receiver of triggers behind functions-framework.

Entry point `webhooks`. The framework does not run the lifespan of an app that a handler returns, so the app opens its
pool on first use.
"""

import gc
import os

import functions_framework.aio
from starlette.requests import Request

from casare_cloud.faces.webhooks.app import Webhooks, create_app

# Whose X-Forwarded-For counts is decided by CASARE_TRUSTED_PROXIES. The server must not rewrite the client's address
# before that: by default it believes anybody who connects from the loopback address.
os.environ.setdefault("FORWARDED_ALLOW_IPS", "")

# What a cold process imports stays. Python would look for garbage in it after every 700 new objects, which takes a
# tenth of the first request's time.
gc.set_threshold(20_000)

app = create_app()


@functions_framework.aio.http
async def webhooks(request: Request) -> Webhooks:
    """Every request of every path: an ASGI app is a response to the framework."""
    return app
