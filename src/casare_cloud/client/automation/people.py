"""Who calls: signing in; the users of the organization, their roles, the organization itself, and keys of programs."""

from collections.abc import Sequence
from typing import Literal

from casare_cloud.client.automation.calls import Sender, at, pages
from casare_cloud.client.automation.models import (
    AdminOverview,
    ApiKey,
    ApiKeyMade,
    BulkAssigned,
    Caller,
    Config,
    Invitation,
    Organization,
    PasswordChanged,
    PermissionList,
    RoleAssigned,
    RoleChanged,
    RoleList,
    RoleMade,
    Tokens,
    User,
    UserList,
    UserRoles,
    UsersOfRole,
)


class PeopleCalls(Sender):
    """People, roles and keys."""

    # --- signing in -----------------------------------------------------------------------------------------------

    async def login(self, username: str, password: str, tenant_id: str | None = None) -> Tokens:
        """Sign in with an e-mail address or user name; later calls are that user's."""
        body = {"username": username, "password": password, "tenant_id": tenant_id}
        return await self._post(Tokens, "/auth/login", body, is_public=True, gives_tokens=True)

    async def register(
        self,
        email: str,
        password: str,
        org_name: str | None = None,
        *,
        invitation_token: str | None = None,
        username: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
    ) -> Tokens:
        """Make a user with an organization of their own, or, by an invitation, in somebody else's; and sign in."""
        body = {
            "email": email,
            "password": password,
            "org_name": org_name,
            "invitation_token": invitation_token,
            "username": username,
            "first_name": first_name,
            "last_name": last_name,
        }
        return await self._post(Tokens, "/auth/register", body, is_repeatable=False, is_public=True, gives_tokens=True)

    async def refresh(self, refresh_token: str) -> Tokens:
        """Sign in with a refresh token, which is good for one use. The client's own is used by itself in time."""
        body = {"refresh_token": refresh_token}
        return await self._post(Tokens, "/auth/refresh", body, is_repeatable=False, is_public=True, gives_tokens=True)

    async def me(self) -> Caller:
        """Who this client is, and what it may do."""
        return await self._get(Caller, "/auth/me")

    async def change_password(self, current_password: str, new_password: str) -> PasswordChanged:
        """Change your password; your other sessions end."""
        body = {"current_password": current_password, "new_password": new_password}
        return await self._post(PasswordChanged, "/auth/change-password", body, is_repeatable=False)

    # --- users ----------------------------------------------------------------------------------------------------

    async def list_users(self, *, page: int = 1, per_page: int = 20) -> UserList:
        """The users of the organization, the oldest first, also those who are not active."""
        return await self._get(UserList, "/users", page=page, per_page=per_page)

    iterate_users = pages(list_users, "users", User)

    async def invite_user(self, email: str, role_id: str) -> Invitation:
        """Invite somebody with a role; `invitation_token` is in this answer and in no other."""
        return await self._post(Invitation, "/users/invite", {"email": email, "role_id": role_id}, is_creating=True)

    async def get_user(self, user_id: str) -> User:
        """A user of the organization."""
        return await self._get(User, at("users", user_id))

    async def update_user(
        self,
        user_id: str,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        is_active: bool | None = None,
    ) -> User:
        """Change a name, or take the access away and give it back."""
        body = {"first_name": first_name, "last_name": last_name, "is_active": is_active}
        return await self._put(User, at("users", user_id), body)

    async def deactivate_user(self, user_id: str) -> None:
        """Take a user's access away; `update_user` gives it back."""
        await self._delete(at("users", user_id))

    async def list_roles_of_user(self, user_id: str) -> UserRoles:
        """The roles of a user."""
        return await self._get(UserRoles, at("user-roles", user_id, "roles"))

    async def assign_role(self, user_id: str, role_id: str) -> RoleAssigned:
        """Give a user a role that allows no more than you may."""
        return await self._post(
            RoleAssigned, at("user-roles", user_id, "roles"), {"role_id": role_id}, is_repeatable=False
        )

    async def assign_role_to_many(self, role_id: str, user_ids: Sequence[str]) -> BulkAssigned:
        """Give up to 50 users a role; who has it already is skipped."""
        return await self._post(
            BulkAssigned, "/user-roles/bulk-assign", {"role_id": role_id, "user_ids": list(user_ids)}
        )

    async def unassign_role(self, user_id: str, role_id: str) -> None:
        """Take a role from a user."""
        await self._delete(at("user-roles", user_id, "roles", role_id))

    async def list_users_of_role(self, role_id: str) -> UsersOfRole:
        """Who has a role."""
        return await self._get(UsersOfRole, at("user-roles", "by-role", role_id))

    # --- the organization -----------------------------------------------------------------------------------------

    async def get_admin_overview(self) -> AdminOverview:
        """The organization and what it has."""
        return await self._get(AdminOverview, "/admin/overview")

    async def update_organization(
        self, *, name: str | None = None, plan: Literal["free", "pro", "enterprise"] | None = None
    ) -> Organization:
        """Change the name of the organization; nobody gives their own another plan."""
        return await self._put(Organization, "/admin/organization", {"name": name, "plan": plan})

    async def list_roles(self) -> RoleList:
        """The roles that users may have, the built-in ones first."""
        return await self._get(RoleList, "/admin/roles")

    async def create_role(
        self, name: str, slug: str, permission_ids: Sequence[str] = (), description: str | None = None
    ) -> RoleMade:
        """Make a role of permissions that you have."""
        body = {"name": name, "slug": slug, "permission_ids": list(permission_ids), "description": description}
        return await self._post(RoleMade, "/admin/roles", body, is_creating=True)

    async def update_role(
        self,
        role_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        permission_ids: Sequence[str] | None = None,
    ) -> RoleChanged:
        """Change a role of the organization."""
        permissions = None if permission_ids is None else list(permission_ids)
        body = {"name": name, "description": description, "permission_ids": permissions}
        return await self._put(RoleChanged, at("admin", "roles", role_id), body)

    async def delete_role(self, role_id: str) -> None:
        """Delete a role of the organization and take it from its users."""
        await self._delete(at("admin", "roles", role_id))

    async def list_permissions(self) -> PermissionList:
        """Every permission there is."""
        return await self._get(PermissionList, "/admin/permissions")

    async def get_config(self) -> Config:
        """The keys that are kept for the organization: none yet."""
        return await self._get(Config, "/admin/config")

    # --- keys of programs -----------------------------------------------------------------------------------------

    async def list_api_keys(self) -> list[ApiKey]:
        """The newest 500 keys of programs, never the keys themselves."""
        return await self._get(list[ApiKey], "/api-keys")

    async def create_api_key(
        self, name: str, permissions: Sequence[str] | None = None, expires_in_days: int | None = None
    ) -> ApiKeyMade:
        """Make a key for a program; `raw_key` is in this answer and in no other."""
        permitted = None if permissions is None else list(permissions)
        body = {"name": name, "permissions": permitted, "expires_in_days": expires_in_days}
        return await self._post(ApiKeyMade, "/api-keys", body, is_creating=True)

    async def revoke_api_key(self, key_id: str) -> None:
        """End a key at once."""
        await self._delete(at("api-keys", key_id))
