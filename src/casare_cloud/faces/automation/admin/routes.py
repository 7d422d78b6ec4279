"""The organization, its roles and permissions."""

from fastapi import APIRouter, Path

from casare_cloud.domain.members import service
from casare_cloud.domain.metrics import service as metrics
from casare_cloud.domain.permissions import require
from casare_cloud.domain.workflows import service as workflows
from casare_cloud.domain.workflows.model import Filter
from casare_cloud.errors import ApiError
from casare_cloud.faces.automation.admin.shapes import (
    AdminOverview,
    ConfigAnswer,
    Counts,
    DatedOrganization,
    Organization,
    OrganizationChange,
    PermissionAnswer,
    PermissionList,
    RoleAnswer,
    RoleBody,
    RoleChange,
    RoleChanged,
    RoleList,
    RoleMade,
)
from casare_cloud.faces.automation.fields import RoleId
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/admin", tags=["admin"], route_class=Route)


@router.get("/overview", responses=refusals())
async def get_overview(tx: Tx) -> AdminOverview:
    """The organization and what it has. Needs settings.read, users.read, workflows.read and analytics.read."""
    tenant = await service.get_tenant(tx)
    fleet = await metrics.get_fleet(tx)
    _, users = await service.list_page(tx, 1, 0)
    _, count = await workflows.list_page(tx, Filter(), 1, 0)
    waiting = fleet.queue_depth + fleet.scheduled_jobs
    counts = Counts(
        users=users,
        workflows=count,
        agents=sum(fleet.robots.values()),
        credentials=0,
        executions_total=fleet.ever.outcomes.total + fleet.active_jobs + waiting,
        executions_running=fleet.active_jobs,
        executions_failed=fleet.ever.outcomes.unsuccessful,
    )
    return AdminOverview(organization=DatedOrganization.of(tenant), counts=counts)


@router.put("/organization", responses=refusals())
async def update_organization(body: OrganizationChange, tx: Tx) -> Organization:
    """Change the name of the organization; nobody gives their own another plan (403). Needs settings.write."""
    return Organization.of(await service.change_tenant(tx, body.name, body.plan))


@router.get("/roles", responses=refusals())
async def list_roles(tx: Tx) -> RoleList:
    """List the roles, the built-in ones first. Needs users.read."""
    roles = [RoleAnswer.of(role) for role in await service.list_roles(tx)]
    return RoleList(roles=roles, total=len(roles))


@router.post("/roles", status_code=201, **idempotent())
async def create_role(body: RoleBody, tx: Tx) -> RoleMade:
    """Make a role of permissions that you have; 409 ROLE_EXISTS for a slug that is taken. Needs users.write."""
    role_id = await service.create_role(tx, body.name, body.slug, body.description, body.permission_ids)
    return RoleMade(id=role_id, name=body.name, slug=body.slug, message="The role was made.")


@router.put("/roles/{role_id}", responses=refusals(400, 404))
async def update_role(role_id: RoleId, body: RoleChange, tx: Tx) -> RoleChanged:
    """Change a role of the organization; 400 ROLE_BUILT_IN. Needs users.write."""
    await service.change_role(tx, role_id, body.name, body.description, body.permission_ids)
    role = await service.get_role(tx, role_id)
    return RoleChanged(id=role.role_id, name=role.name, message="The role was changed.")


@router.delete("/roles/{role_id}", status_code=204, responses=refusals(400, 404))
async def delete_role(role_id: RoleId, tx: Tx) -> None:
    """Delete a role of the organization and take it from its users; 400 ROLE_BUILT_IN. Needs users.write."""
    await service.delete_role(tx, role_id)


@router.get("/permissions", responses=refusals())
async def list_permissions(tx: Tx) -> PermissionList:
    """List every permission there is. Needs users.read."""
    permissions = await service.list_permissions(tx)
    return PermissionList(permissions=[PermissionAnswer.of(permission) for permission in permissions])


@router.get("/config", responses=refusals())
async def get_config(tx: Tx) -> ConfigAnswer:
    """The keys that are kept for the organization: none, as AI comes later. Needs settings.read."""
    await require(tx, "settings.read")
    return ConfigAnswer(config={})


@router.put("/config", status_code=501, responses=refusals(501))
async def put_config(tx: Tx) -> None:
    """Keeping keys comes later: 501, and nothing is stored. Needs settings.write."""
    await require(tx, "settings.write")
    raise ApiError(501, "COMES_LATER", "Keys of the organization come later, with AI: nothing was stored.")


@router.delete("/config/{key}", status_code=501, responses=refusals(404, 501))
async def delete_config(tx: Tx, key: str = Path(max_length=128)) -> None:
    """Keeping keys comes later: 501, and nothing is changed. Needs settings.write."""
    await require(tx, "settings.write")
    raise ApiError(501, "COMES_LATER", "Keys of the organization come later, with AI: there are none.")
