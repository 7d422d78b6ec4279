"""Makes the rows that a test starts from: each takes a `Database` and returns a small value."""

import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.databases import Claims, Database

from casare_cloud.identity import new_api_key

EXAMPLE_WORKFLOW: dict[str, Any] = {
    "metadata": {"name": "Example"},
    "nodes": {"start": {"type": "StartNode"}, "end": {"type": "EndNode"}},
    "connections": [
        {"source_node": "start", "source_port": "exec_out", "target_node": "end", "target_port": "exec_in"}
    ],
}


@dataclass(frozen=True)
class Member:
    """A user of Auth who belongs to a tenant."""

    tenant_id: uuid.UUID
    user_id: uuid.UUID
    email: str
    role: str
    session_id: uuid.UUID

    @property
    def claims(self) -> Claims:
        """What an access token of this member says."""
        return claims_for(self.user_id, self.tenant_id, "user", session_id=self.session_id, roles=[self.role])


@dataclass(frozen=True)
class Tenant:
    """A tenant and its first member, an admin."""

    tenant_id: uuid.UUID
    name: str
    admin: Member


@dataclass(frozen=True)
class Key:
    """An API key, in clear, as only its maker sees it."""

    api_key_id: uuid.UUID
    tenant_id: uuid.UUID
    kind: str
    robot_id: uuid.UUID | None
    text: str
    key_hash: bytes


@dataclass(frozen=True)
class Robot:
    """A registered robot and its key."""

    robot_id: uuid.UUID
    tenant_id: uuid.UUID
    external_id: str
    key: Key

    @property
    def claims(self) -> Claims:
        """What this robot's token says."""
        return claims_for(
            self.robot_id,
            self.tenant_id,
            "robot",
            robot_id=self.robot_id,
            api_key_id=self.key.api_key_id,
            roles=["robot"],
        )


@dataclass(frozen=True)
class Workflow:
    """A published workflow at version 1."""

    workflow_id: uuid.UUID
    tenant_id: uuid.UUID
    name: str
    definition: dict[str, Any] = field(compare=False)


def claims_for(
    subject: uuid.UUID,
    tenant_id: uuid.UUID | None,
    principal: str,
    *,
    session_id: uuid.UUID | None = None,
    robot_id: uuid.UUID | None = None,
    api_key_id: uuid.UUID | None = None,
    roles: Sequence[str] = (),
    permissions: Sequence[str] = (),
) -> dict[str, Any]:
    """The claims of a token; the tables must agree with them, as `private.caller()` checks."""
    metadata: dict[str, Any] = {"principal": principal, "roles": list(roles), "permissions": list(permissions)}
    optional = {"tenant_id": tenant_id, "robot_id": robot_id, "api_key_id": api_key_id}
    metadata |= {name: str(value) for name, value in optional.items() if value is not None}
    claims: dict[str, Any] = {
        "sub": str(subject),
        "role": "authenticated",
        "aud": "authenticated",
        "app_metadata": metadata,
    }
    if session_id is not None:
        claims["session_id"] = str(session_id)
    return claims


def make_user(database: Database, email: str | None = None) -> tuple[uuid.UUID, uuid.UUID, str]:
    """A confirmed user of Auth with an open session: (user_id, session_id, email)."""
    user_id, session_id = uuid.uuid4(), uuid.uuid4()
    email = email or f"{user_id.hex[:10]}@example.test"
    with database.connect("supabase_auth_admin") as auth:
        auth.execute(
            """
            insert into auth.users (
                id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at
            )
            values (%s, 'authenticated', 'authenticated', %s, now(), '{}', '{}', now(), now())
            """,
            [user_id, email],
        )
        auth.execute(
            "insert into auth.sessions (id, user_id, created_at, updated_at, aal) "
            "values (%s, %s, now(), now(), 'aal1')",
            [session_id, user_id],
        )
    return user_id, session_id, email


def make_tenant(database: Database, name: str | None = None) -> Tenant:
    """A tenant with an admin."""
    name = name or f"Tenant {uuid.uuid4().hex[:6]}"
    with database.connect() as owner:
        row = owner.execute(
            "insert into public.tenants (name, slug) values (%s, %s) returning tenant_id",
            [name, name.lower().replace(" ", "-") + "-" + secrets.token_hex(3)],
        ).fetchone()
    assert row is not None
    return Tenant(row["tenant_id"], name, make_member(database, row["tenant_id"], "admin"))


def make_member(
    database: Database, tenant: Tenant | uuid.UUID, role: str = "viewer", email: str | None = None
) -> Member:
    """A user who belongs to the tenant, with a built-in role: admin, developer, operator or viewer."""
    tenant_id = tenant.tenant_id if isinstance(tenant, Tenant) else tenant
    user_id, session_id, email = make_user(database, email)
    with database.connect() as owner, owner.transaction():
        owner.execute(
            "insert into public.profiles (user_id, username, active_tenant_id) values (%s, %s, %s) "
            "on conflict (user_id) do update set active_tenant_id = excluded.active_tenant_id",
            [user_id, email, tenant_id],
        )
        owner.execute("insert into public.memberships (tenant_id, user_id) values (%s, %s)", [tenant_id, user_id])
        owner.execute(
            "insert into public.member_roles (tenant_id, user_id, role_id) "
            "select %s, %s, role_id from public.roles where slug = %s and tenant_id is null",
            [tenant_id, user_id, role],
        )
    return Member(tenant_id, user_id, email, role, session_id)


def make_key(
    database: Database,
    tenant: Tenant | uuid.UUID,
    kind: str = "robot",
    robot_id: uuid.UUID | None = None,
    scopes: Sequence[str] = (),
) -> Key:
    """A live API key; a service key needs scopes."""
    tenant_id = tenant.tenant_id if isinstance(tenant, Tenant) else tenant
    new = new_api_key("robot" if kind == "robot" else "service")
    with database.connect() as owner:
        row = owner.execute(
            "insert into public.api_keys (tenant_id, kind, name, prefix, key_hash, robot_id, scopes) "
            "values (%s, %s, 'test key', %s, %s, %s, %s) returning api_key_id",
            [tenant_id, kind, new.prefix, new.key_hash, robot_id, list(scopes)],
        ).fetchone()
    assert row is not None
    return Key(row["api_key_id"], tenant_id, kind, robot_id, new.key, new.key_hash)


def make_robot(
    database: Database,
    tenant: Tenant | uuid.UUID,
    external_id: str | None = None,
    *,
    capabilities: Sequence[str] = (),
    tags: Sequence[str] = (),
    environment: str = "default",
    max_concurrent_jobs: int = 1,
    is_internet: bool = False,
) -> Robot:
    """A robot that sent a heartbeat just now, and its key."""
    tenant_id = tenant.tenant_id if isinstance(tenant, Tenant) else tenant
    external_id = external_id or f"robot-{uuid.uuid4().hex[:8]}"
    with database.connect() as owner, owner.transaction():
        row = owner.execute(
            "insert into public.robots (tenant_id, external_id, name, environment, capabilities, tags, "
            "max_concurrent_jobs, is_internet) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s) returning robot_id",
            [
                tenant_id,
                external_id,
                external_id,
                environment,
                sorted(capabilities),
                sorted(tags),
                max_concurrent_jobs,
                is_internet,
            ],
        ).fetchone()
        assert row is not None
        owner.execute(
            "insert into public.robot_heartbeats (robot_id, tenant_id, last_heartbeat_at, online_since) "
            "values (%s, %s, now(), now())",
            [row["robot_id"], tenant_id],
        )
    return Robot(row["robot_id"], tenant_id, external_id, make_key(database, tenant_id, "robot", row["robot_id"]))


def make_workflow(
    database: Database, tenant: Tenant | uuid.UUID, name: str | None = None, definition: dict[str, Any] | None = None
) -> Workflow:
    """A published, enabled workflow."""
    tenant_id = tenant.tenant_id if isinstance(tenant, Tenant) else tenant
    name = name or f"Workflow {uuid.uuid4().hex[:6]}"
    definition = definition or EXAMPLE_WORKFLOW
    with database.connect() as owner, owner.transaction():
        row = owner.execute(
            "insert into public.workflows (tenant_id, name, status) values (%s, %s, 'published') returning workflow_id",
            [tenant_id, name],
        ).fetchone()
        assert row is not None
        owner.execute(
            "insert into public.workflow_versions (workflow_id, version, tenant_id, definition, node_count) "
            "values (%s, 1, %s, %s, %s)",
            [
                row["workflow_id"],
                tenant_id,
                json.dumps(definition),
                len(definition.get("nodes", definition.get("steps", []))),
            ],
        )
    return Workflow(row["workflow_id"], tenant_id, name, definition)
