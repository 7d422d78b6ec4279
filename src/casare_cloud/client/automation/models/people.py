"""People, roles, the organization and keys. Ids are UUIDs, times ISO 8601."""

from typing import TypedDict


class DatedOrganization(TypedDict):
    """The organization, and since when there is one."""

    id: str
    name: str
    plan: str
    created_at: str


class Counts(TypedDict):
    """What the organization has. Executions of all its life, those whose rows were deleted since included."""

    users: int
    workflows: int
    agents: int
    credentials: int
    executions_total: int
    executions_running: int
    executions_failed: int


class AdminOverview(TypedDict):
    """The organization and what it has."""

    organization: DatedOrganization
    counts: Counts


class ApiKey(TypedDict):
    """A key as people see it. How often it was used is not counted, so `usage_count` is null."""

    id: str
    name: str
    prefix: str
    permissions: list[str]
    is_active: bool
    usage_count: int | None
    last_used_at: str | None
    created_at: str
    expires_at: str | None


class ApiKeyMade(TypedDict):
    """A key that was just made; `raw_key` is shown once."""

    id: str
    name: str
    raw_key: str | None
    prefix: str
    permissions: list[str]
    expires_at: str | None
    message: str


class AssignError(TypedDict):
    """Why a user did not get the role."""

    user_id: str
    error: str


class RoleName(TypedDict):
    """The role that was given."""

    id: str
    name: str


class BulkAssigned(TypedDict):
    """How many got the role, how many had it already, and who could not get it."""

    success: int
    skipped: int
    errors: list[AssignError]
    role: RoleName


class Caller(TypedDict):
    """Who makes this request; a key has no e-mail address."""

    id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    org_id: str
    is_active: bool
    roles: list[str]
    created_at: str | None
    username: str | None
    org_name: str
    permissions: list[str]


class Config(TypedDict):
    """Keys that are kept for the organization: none yet."""

    config: dict[str, str]


class Invitation(TypedDict):
    """An invitation; whoever registers with its token, and its address, joins the organization."""

    id: str
    email: str
    role_id: str
    invitation_token: str | None
    expires_at: str
    message: str


class Organization(TypedDict):
    """The organization of the caller."""

    id: str
    name: str
    plan: str


class PasswordChanged(TypedDict):
    """The password was changed; other sessions of the user have ended."""

    success: bool
    message: str


class Permission(TypedDict):
    """A permission."""

    id: str
    code: str
    name: str
    description: str


class PermissionList(TypedDict):
    """Every permission there is."""

    permissions: list[Permission]


class RoleAssigned(TypedDict):
    """The user has the role."""

    message: str
    role_id: str


class RoleChanged(TypedDict):
    """The role was changed."""

    id: str
    name: str
    message: str


class RolePermission(TypedDict):
    """A permission of a role; its id is its code."""

    id: str
    code: str
    name: str


class Role(TypedDict):
    """A role, with every permission that its wildcards stand for."""

    id: str
    name: str
    slug: str
    description: str
    permissions: list[RolePermission]
    created_at: str
    is_built_in: bool


class RoleList(TypedDict):
    """The roles that users may have, the built-in ones first."""

    roles: list[Role]
    total: int


class RoleMade(TypedDict):
    """The role was made."""

    id: str
    name: str
    slug: str
    message: str


class Tokens(TypedDict):
    """`access_token` goes into `Authorization: Bearer …` for `expires_in` seconds."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int


class User(TypedDict):
    """A person of the organization."""

    id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    org_id: str
    is_active: bool
    roles: list[str]
    created_at: str | None


class UserList(TypedDict):
    """Users of the organization, the oldest first; those who are not active as well."""

    users: list[User]
    total: int
    page: int
    per_page: int


class RoleOfUser(TypedDict):
    """A role that a user has."""

    id: str
    name: str
    slug: str
    description: str


class UserRoles(TypedDict):
    """A user and their roles."""

    user_id: str
    email: str | None
    roles: list[RoleOfUser]


class ShownRole(TypedDict):
    """A role."""

    id: str
    name: str
    slug: str


class Person(TypedDict):
    """A user that has a role."""

    id: str
    email: str | None
    first_name: str | None
    last_name: str | None
    is_active: bool


class UsersOfRole(TypedDict):
    """A role and who has it."""

    role: ShownRole
    users: list[Person]
