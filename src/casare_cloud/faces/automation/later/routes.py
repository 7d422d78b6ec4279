"""A route for each endpoint that comes later."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter

from casare_cloud.domain.users.service import whoami
from casare_cloud.errors import ApiError
from casare_cloud.faces.automation.later.table import BESIDES, DOCUMENTED, SENTENCES
from casare_cloud.faces.automation.refusals import refusals
from casare_cloud.faces.kit.routing import Route, Tx


class ComesLater(ApiError):
    """501: the path is right, and what it does is not there yet."""

    def __init__(self, noun: str) -> None:
        super().__init__(501, "COMES_LATER", SENTENCES[noun])


def router_of(*nouns: str) -> APIRouter:
    """The routes of these first segments of a path."""
    router = APIRouter(route_class=Route)
    for method, path, what in (*DOCUMENTED, *BESIDES):
        noun = path.split("/")[1]
        if noun in nouns:
            router.add_api_route(
                path,
                _refusing(noun),
                methods=[method],
                status_code=501,
                name=what,
                description=f"{what}. {SENTENCES[noun]}",
                responses=refusals(501),
                openapi_extra={"parameters": [_parameter(name) for name in re.findall(r"{(\w+)}", path)]},
                tags=[noun],
            )
    return router


def _refusing(noun: str) -> Callable[[Tx], Awaitable[None]]:
    async def refuse(tx: Tx) -> None:
        await whoami(tx)  # a stranger learns what is wrong with the token, as everywhere
        raise ComesLater(noun)

    return refuse


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


router = router_of(*(noun for noun in SENTENCES if noun != "notifications"))
