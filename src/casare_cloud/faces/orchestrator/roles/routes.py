"""What members may do: the roles of the tenant. Not of the documents."""

from fastapi import APIRouter

from casare_cloud.domain.members import service
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.refusals import refusals
from casare_cloud.faces.orchestrator.roles.shapes import RoleAnswer, RoleList

router = APIRouter(prefix="/roles", tags=["members"], route_class=Route)


@router.get("", responses=refusals())
async def list_roles(tx: Tx) -> RoleList:
    """List the roles that members may have, with what each allows. Needs members.read."""
    return RoleList(roles=[RoleAnswer.of(role) for role in await service.list_roles(tx)])
