"""Keys of programs (`sk_live_…`): make, list, revoke, rotate. A key is shown once, in the answer that made it."""

from typing import Annotated

from fastapi import APIRouter

from casare_cloud.domain.api_keys import service
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import Page, page
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.api_keys.shapes import (
    CreateServiceKeyBody,
    NewServiceKeyAnswer,
    RotateKeyBody,
    ServiceKeyAnswer,
    ServiceKeyList,
)
from casare_cloud.faces.orchestrator.fields import ApiKeyId
from casare_cloud.faces.orchestrator.refusals import idempotent, refusals

router = APIRouter(prefix="/api-keys", tags=["api-keys"], route_class=Route)


@router.get("", responses=refusals())
async def list_service_keys(tx: Tx, page: Annotated[Page, page(100, 500)]) -> ServiceKeyList:
    """List the service keys of the tenant, never the keys themselves. Needs api_keys.read."""
    items, total = await service.list_page(tx, "service", page.limit, page.offset)
    keys = [ServiceKeyAnswer.of(item) for item in items]
    return ServiceKeyList(keys=keys, **page.facts(total))


@router.post("", status_code=201, **idempotent())
@shown_once("key")
async def create_service_key(body: CreateServiceKeyBody, tx: Tx) -> NewServiceKeyAnswer:
    """Make a key for a program, with no right that you have not got. Needs api_keys.write."""
    made = await service.create_for_program(tx, body.name, body.scopes, body.expires_at)
    return NewServiceKeyAnswer.made(made)


@router.post("/{api_key_id}/revoke", responses=refusals(404))
async def revoke_service_key(api_key_id: ApiKeyId, tx: Tx) -> ServiceKeyAnswer:
    """End a key at once; idempotent. Needs api_keys.write."""
    return ServiceKeyAnswer.of(await service.revoke(tx, "service", api_key_id))


@router.post("/{api_key_id}/rotate", **idempotent(404))
@shown_once("key")
async def rotate_service_key(api_key_id: ApiKeyId, tx: Tx, body: RotateKeyBody | None = None) -> NewServiceKeyAnswer:
    """Make a key in place of a live one, which works for `overlap_seconds` more. Needs api_keys.write."""
    overlap = body.overlap_seconds if body else 0
    return NewServiceKeyAnswer.made(await service.rotate(tx, "service", api_key_id, overlap))
