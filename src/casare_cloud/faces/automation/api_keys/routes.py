"""Keys of programs: make, list, revoke."""

from fastapi import APIRouter

from casare_cloud.domain.api_keys import service
from casare_cloud.faces.automation.api_keys.shapes import KeyAnswer, KeyBody, NewKeyAnswer
from casare_cloud.faces.automation.fields import KeyId
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/api-keys", tags=["api-keys"], route_class=Route)
_MOST_KEYS = 500


@router.get("", responses=refusals())
async def list_keys(tx: Tx) -> list[KeyAnswer]:
    """List the newest 500 keys of programs that are not revoked, never the keys themselves. Needs api_keys.read."""
    keys, _ = await service.list_page(tx, "service", _MOST_KEYS, 0, ("active", "expired"))
    return [KeyAnswer.of(key) for key in keys]


@router.post("", status_code=201, **idempotent())
@shown_once("raw_key")
async def create_key(body: KeyBody, tx: Tx) -> NewKeyAnswer:
    """Make a key for a program, with no right that you have not got. Needs api_keys.write."""
    return NewKeyAnswer.of(*await service.create_for_program(tx, body.name, body.permissions, body.expires_at))


@router.delete("/{key_id}", status_code=204, responses=refusals(404))
async def revoke_key(key_id: KeyId, tx: Tx) -> None:
    """End a key at once; it is listed no more. Needs api_keys.write."""
    await service.revoke(tx, "service", key_id)
