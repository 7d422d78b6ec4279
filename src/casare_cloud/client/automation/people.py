"""Who calls: signing in; the users of the organization, their roles, the organization itself, and keys of programs."""

from collections.abc import Sequence
from typing import Literal

from casare_cloud.client.automation.calls import Call, Endpoint, Pages, at, delete, get, post, put
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


class PeopleCalls:
    """People, roles and keys."""

    # --- signing in -----------------------------------------------------------------------------------------------

    @Endpoint
    def login(self, username: str, password: str, tenant_id: str | None = None) -> Call[Tokens]:
        """Sign in with an e-mail address or user name; later calls are that user's."""
        body = {"username": username, "password": password, "tenant_id": tenant_id}
        return post(Tokens, "/auth/login", body, is_public=True, gives_tokens=True)

    @Endpoint
    def register(
        self,
        email: str,
        password: str,
        org_name: str | None = None,
        *,
        invitation_token: str | None = None,
        username: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
    ) -> Call[Tokens]:
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
        return post(Tokens, "/auth/register", body, is_repeatable=False, is_public=True, gives_tokens=True)

    @Endpoint
    def refresh(self, refresh_token: str) -> Call[Tokens]:
        """Sign in with a refresh token, which is good for one use. The client's own is used by itself in time."""
        body = {"refresh_token": refresh_token}
        return post(Tokens, "/auth/refresh", body, is_repeatable=False, is_public=True, gives_tokens=True)

    @Endpoint
    def me(self) -> Call[Caller]:
        """Who this client is, and what it may do."""
        return get(Caller, "/auth/me")

    @Endpoint
    def change_password(self, current_password: str, new_password: str) -> Call[PasswordChanged]:
        """Change your password; your other sessions end."""
        body = {"current_password": current_password, "new_password": new_password}
        return post(PasswordChanged, "/auth/change-password", body, is_repeatable=False)

    # --- users ----------------------------------------------------------------------------------------------------

    @Endpoint
    def list_users(self, *, page: int = 1, per_page: int = 20) -> Call[UserList]:
        """The users of the organization, the oldest first, also those who are not active."""
        return get(UserList, "/users", page=page, per_page=per_page)

    iterate_users = Pages(list_users, "users", User)

    @Endpoint
    def invite_user(self, email: str, role_id: str) -> Call[Invitation]:
        """Invite somebody with a role; `invitation_token` is in this answer and in no other."""
        return post(Invitation, "/users/invite", {"email": email, "role_id": role_id}, is_creating=True)

    @Endpoint
    def get_user(self, user_id: str) -> Call[User]:
        """A user of the organization."""
        return get(User, at("users", user_id))

    @Endpoint
    def update_user(
        self,
        user_id: str,
        *,
        first_name: str | None = None,
        last_name: str | None = None,
        is_active: bool | None = None,
    ) -> Call[User]:
        """Change a name, or take the access away and give it back."""
        body = {"first_name": first_name, "last_name": last_name, "is_active": is_active}
        return put(User, at("users", user_id), body)

    @Endpoint
    def deactivate_user(self, user_id: str) -> Call[None]:
        """Take a user's access away; `update_user` gives it back."""
        return delete(at("users", user_id))

    @Endpoint
    def list_roles_of_user(self, user_id: str) -> Call[UserRoles]:
        """The roles of a user."""
        return get(UserRoles, at("user-roles", user_id, "roles"))

    @Endpoint
    def assign_role(self, user_id: str, role_id: str) -> Call[RoleAssigned]:
        """Give a user a role that allows no more than you may."""
        return post(RoleAssigned, at("user-roles", user_id, "roles"), {"role_id": role_id}, is_repeatable=False)

    @Endpoint
    def assign_role_to_many(self, role_id: str, user_ids: Sequence[str]) -> Call[BulkAssigned]:
        """Give up to 50 users a role; who has it already is skipped."""
        return post(BulkAssigned, "/user-roles/bulk-assign", {"role_id": role_id, "user_ids": list(user_ids)})

    @Endpoint
    def unassign_role(self, user_id: str, role_id: str) -> Call[None]:
        """Take a role from a user."""
        return delete(at("user-roles", user_id, "roles", role_id))

    @Endpoint
    def list_users_of_role(self, role_id: str) -> Call[UsersOfRole]:
        """Who has a role."""
        return get(UsersOfRole, at("user-roles", "by-role", role_id))

    # --- the organization -----------------------------------------------------------------------------------------

    @Endpoint
    def get_admin_overview(self) -> Call[AdminOverview]:
        """The organization and what it has."""
        return get(AdminOverview, "/admin/overview")

    @Endpoint
    def update_organization(
        self, *, name: str | None = None, plan: Literal["free", "pro", "enterprise"] | None = None
    ) -> Call[Organization]:
        """Change the name of the organization; nobody gives their own another plan."""
        return put(Organization, "/admin/organization", {"name": name, "plan": plan})

    @Endpoint
    def list_roles(self) -> Call[RoleList]:
        """The roles that users may have, the built-in ones first."""
        return get(RoleList, "/admin/roles")

    @Endpoint
    def create_role(
        self, name: str, slug: str, permission_ids: Sequence[str] = (), description: str | None = None
    ) -> Call[RoleMade]:
        """Make a role of permissions that you have."""
        body = {"name": name, "slug": slug, "permission_ids": list(permission_ids), "description": description}
        return post(RoleMade, "/admin/roles", body, is_creating=True)

    @Endpoint
    def update_role(
        self,
        role_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        permission_ids: Sequence[str] | None = None,
    ) -> Call[RoleChanged]:
        """Change a role of the organization."""
        permissions = None if permission_ids is None else list(permission_ids)
        body = {"name": name, "description": description, "permission_ids": permissions}
        return put(RoleChanged, at("admin", "roles", role_id), body)

    @Endpoint
    def delete_role(self, role_id: str) -> Call[None]:
        """Delete a role of the organization and take it from its users."""
        return delete(at("admin", "roles", role_id))

    @Endpoint
    def list_permissions(self) -> Call[PermissionList]:
        """Every permission there is."""
        return get(PermissionList, "/admin/permissions")

    @Endpoint
    def get_config(self) -> Call[Config]:
        """The keys that are kept for the organization: none yet."""
        return get(Config, "/admin/config")

    # --- keys of programs -----------------------------------------------------------------------------------------

    @Endpoint
    def list_api_keys(self) -> Call[list[ApiKey]]:
        """The newest 500 keys of programs, never the keys themselves."""
        return get(list[ApiKey], "/api-keys")

    @Endpoint
    def create_api_key(
        self, name: str, permissions: Sequence[str] | None = None, expires_in_days: int | None = None
    ) -> Call[ApiKeyMade]:
        """Make a key for a program; `raw_key` is in this answer and in no other."""
        permitted = None if permissions is None else list(permissions)
        body = {"name": name, "permissions": permitted, "expires_in_days": expires_in_days}
        return post(ApiKeyMade, "/api-keys", body, is_creating=True)

    @Endpoint
    def revoke_api_key(self, key_id: str) -> Call[None]:
        """End a key at once."""
        return delete(at("api-keys", key_id))
