"""Who you are: log in, stay in, leave, join (documents 000, 002 and 004)."""

from typing import Any

from fastapi import APIRouter

from casare_cloud.faces.shared.routing import CurrentCall, PublicRoute, Route, Tx

router = APIRouter(prefix="/auth", tags=["auth"], route_class=Route)
public = APIRouter(route_class=PublicRoute)


@router.get("/me")
async def me(call: CurrentCall, tx: Tx) -> dict[str, Any]:
    """Who makes this request."""
    row = await tx.fetch_one("select (c).* from private.caller() as c")
    return {**(row or {}), "dev_mode": call.actor.is_dev_mode}


router.include_router(public)
