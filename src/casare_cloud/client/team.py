"""The people of a tenant, its settings and its audit log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from casare_cloud.client.session import Answer, Paging, Session, quoted

InvitationStatus = Literal["open", "accepted", "revoked", "expired", "void"]
EndWord = Literal["completed", "failed", "cancelled", "timeout"]


class MemberFilters(Paging, total=False):
    """Which members: with a part of a name or address, of a role (its slug or id)."""

    search: str | None
    role: str | None


class MemberChanges(TypedDict, total=False):
    """The fields of a member that may be changed."""

    roles: Sequence[str]
    is_active: bool
    first_name: str
    last_name: str


class RoleChanges(TypedDict, total=False):
    """The fields of a role that may be changed."""

    name: str
    description: str
    permissions: Sequence[str]


class InvitationFilters(Paging, total=False):
    """Which invitations."""

    status: InvitationStatus | None


class AuditFilters(TypedDict, total=False):
    """Which changes; `actor` is an id, or the address or user name of somebody, times are ISO 8601."""

    actor: str | None
    action: str | None
    resource_type: str | None
    resource_id: str | None
    search: str | None
    since: str | None
    until: str | None


class AuditPage(AuditFilters, total=False):
    """Which changes, and how many: those that are older than `before`, the `next` of the page before."""

    limit: int
    before: str | None


class AuditExport(AuditFilters, total=False):
    """Which changes, the newest `limit` of them, and how they are written."""

    limit: int
    format: Literal["jsonl", "csv"]


class TeamCalls(Session):
    """Members, invitations, roles, settings, quotas, purges and the audit log."""

    async def list_members(self, **filters: Unpack[MemberFilters]) -> Answer:
        """`{members, total, limit, offset}`, the oldest first."""
        return await self._get("/members", filters)

    async def get_member(self, user_id: str) -> Answer:
        """A member with their roles."""
        return await self._get(f"/members/{quoted(user_id)}")

    async def update_member(self, user_id: str, **changes: Unpack[MemberChanges]) -> Answer:
        """Change the named fields: `roles` are what the member is from now on, by slug or id."""
        return await self._call("PATCH", f"/members/{quoted(user_id)}", json=changes)

    async def remove_member(self, user_id: str) -> Answer:
        """Take a member's access away at once; `live_api_keys` are the keys that they leave behind."""
        return await self._call("DELETE", f"/members/{quoted(user_id)}")

    async def list_roles(self) -> Answer:
        """`{roles}`: what members may be, each with its permissions."""
        return await self._get("/roles")

    async def list_permissions(self) -> Answer:
        """`{permissions}`: everything that a role may allow."""
        return await self._get("/roles/permissions")

    async def create_role(self, slug: str, name: str, permissions: Sequence[str], description: str = "") -> Answer:
        """Make a role of permissions that the caller has, such as `jobs.read` or `jobs.*`."""
        body = {"slug": slug, "name": name, "permissions": list(permissions), "description": description}
        return await self._create("/roles", body)

    async def update_role(self, role_id: str, **changes: Unpack[RoleChanges]) -> Answer:
        """Change the named fields of a role of the tenant: `permissions` are what it allows from now on."""
        return await self._call("PATCH", f"/roles/{quoted(role_id)}", json=changes)

    async def delete_role(self, role_id: str) -> Answer:
        """Delete a role of the tenant and take it from its members."""
        return await self._call("DELETE", f"/roles/{quoted(role_id)}")

    async def list_invitations(self, **filters: Unpack[InvitationFilters]) -> Answer:
        """`{invitations, total, limit, offset}`, the newest first."""
        return await self._get("/invitations", filters)

    async def create_invitation(self, email: str, role: str, expires_at: str | None = None) -> Answer:
        """Invite an address; `token` is in this answer and in no other, and goes to the person."""
        return await self._create("/invitations", {"email": email, "role": role, "expires_at": expires_at})

    async def revoke_invitation(self, invitation_id: str) -> Answer:
        """End an invitation that nobody has accepted."""
        return await self._call("POST", f"/invitations/{quoted(invitation_id)}/revoke")

    async def accept_invitation(self, token: str) -> Answer:
        """Join the tenant that invited this user, and act in it: `{tenant_id, tenant_slug, tenant_name}`."""
        answer = await self._call("POST", "/invitations/accept", json={"token": token}, attempts=1)
        await self._renew_token()
        return answer

    # --- settings -------------------------------------------------------------------------------------------------

    async def list_settings(self) -> Answer:
        """`{tenant_id, plan, settings}`: each setting with value, default, range and meaning."""
        return await self._get("/settings")

    async def update_settings(self, settings: Mapping[str, Any]) -> Answer:
        """Change settings by their names, all or none; None sets one back to its default."""
        return await self._call("PATCH", "/settings", json={"settings": dict(settings)})

    async def list_quotas(self) -> Answer:
        """`{plan, quotas}`: what the plan allows, and how much of it is used."""
        return await self._get("/settings/quotas")

    async def purge_jobs(
        self,
        *,
        status: Sequence[EndWord] = ("completed", "cancelled"),
        finished_before: str | None = None,
        workflow_id: str | None = None,
        dry_run: bool = True,
        limit: int = 1000,
        after: str | None = None,
    ) -> Answer:
        """Count finished jobs, or with `dry_run=False` delete them for good, a page of `limit`.

        `next_after` is the `after` of the next page, None behind the last one.
        """
        body = {
            "status": list(status),
            "finished_before": finished_before,
            "workflow_id": workflow_id,
            "dry_run": dry_run,
            "limit": limit,
            "after": after,
        }
        return await self._call("POST", "/purges", json=body)

    # --- audit ----------------------------------------------------------------------------------------------------

    async def list_audit_log(self, **filters: Unpack[AuditPage]) -> Answer:
        """`{entries, next, looked_back_to}`: who changed what, the newest first.

        An answer looks through a part of the log: ask again with `before` until `next` is null.
        """
        return await self._get("/audit", filters)

    async def export_audit_log(self, **filters: Unpack[AuditExport]) -> str:
        """The newest changes as JSON lines, or with `format="csv"` as CSV."""
        params = {name: value for name, value in filters.items() if value is not None}
        text: str = await self._send("GET", "/audit/export", params=params, as_text=True)
        return text

    async def iterate_audit_log(self, **filters: Unpack[AuditFilters]) -> AsyncIterator[Answer]:
        """Every change, the newest first; none twice and none missing, also while others are made."""
        before = None
        while True:
            answer = await self.list_audit_log(**filters, limit=1000, before=before)
            for entry in answer["entries"]:
                yield entry
            if (before := answer["next"]) is None:
                return
