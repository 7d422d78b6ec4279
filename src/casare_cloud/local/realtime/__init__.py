"""Supabase Realtime, emulated: sockets of both protocol versions, rights by the real policies, broadcasts from SQL.

What is emulated and what is not: docs/platform-emulators.md.
"""

from weakref import WeakKeyDictionary

from starlette.routing import BaseRoute

from casare_cloud.local.context import LocalContext

from .service import Realtime

_services: WeakKeyDictionary[LocalContext, Realtime] = WeakKeyDictionary()


def routes(context: LocalContext) -> list[BaseRoute]:
    """What belongs under /realtime/v1. The service begins to work with its first request."""
    return _services.setdefault(context, Realtime(context)).routes()


async def close(context: LocalContext) -> None:
    """End the project's sockets and its feed; for the end of the application, before `context.close()`."""
    if service := _services.pop(context, None):
        await service.close()
