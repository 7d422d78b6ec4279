"""Makes the rows that a test starts from: each takes a `Database` and returns a small value."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.databases import Claims, Database, as_caller

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


def make_user(
    database: Database, email: str | None = None, app_metadata: dict[str, Any] | None = None
) -> tuple[uuid.UUID, uuid.UUID, str]:
    """A confirmed user of Auth with an open session: (user_id, session_id, email)."""
    user_id, session_id = uuid.uuid4(), uuid.uuid4()
    email = email or f"{user_id.hex[:10]}@example.test"
    with database.connect("supabase_auth_admin") as auth, auth.transaction():
        auth.execute(
            """
            insert into auth.users (
                id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at
            )
            values (%s, 'authenticated', 'authenticated', %s, now(), %s, '{}', now(), now())
            """,
            [user_id, email, json.dumps(app_metadata or {})],
        )
        auth.execute(
            "insert into auth.sessions (id, user_id, created_at, updated_at, aal) "
            "values (%s, %s, now(), now(), 'aal1')",
            [session_id, user_id],
        )
    return user_id, session_id, email


def make_tenant(database: Database, name: str | None = None) -> Tenant:
    """A tenant with an admin, registered as `POST /auth/register` does it."""
    name = name or f"Tenant {uuid.uuid4().hex[:6]}"
    username = f"admin-{uuid.uuid4().hex[:10]}"
    user_id, session_id, email = make_user(
        database, app_metadata={"registration": {"tenant_name": name, "username": username}}
    )
    with database.connect() as owner:
        row = owner.execute("select tenant_id from public.memberships where user_id = %s", [user_id]).fetchone()
    assert row is not None
    return Tenant(row["tenant_id"], name, Member(row["tenant_id"], user_id, email, "admin", session_id))


def make_member(
    database: Database, tenant: Tenant | uuid.UUID, role: str = "viewer", email: str | None = None
) -> Member:
    """A user who was invited to the tenant with a role (admin, developer, operator, viewer …) and accepted."""
    tenant_id = tenant.tenant_id if isinstance(tenant, Tenant) else tenant
    user_id, session_id, email = make_user(database, email)
    member = Member(tenant_id, user_id, email, role, session_id)
    token = secrets.token_urlsafe(32)
    with database.connect() as owner:
        with as_caller(owner, admin_claims(database, tenant_id)):
            owner.execute(
                "select public.invite_member(%s, role_id, %s) from public.roles where slug = %s",
                [email, hashlib.sha256(token.encode()).digest(), role],
            )
        with as_caller(owner, claims_for(user_id, None, "user", session_id=session_id)):
            owner.execute("select public.accept_invitation(%s)", [token])
    return member


def admin_claims(database: Database, tenant_id: uuid.UUID) -> Claims:
    """The claims of one of the tenant's admins."""
    with database.connect() as owner:
        row = owner.execute(
            "select mr.user_id, s.id as session_id from public.member_roles as mr "
            "join public.roles as r on r.role_id = mr.role_id and r.slug = 'admin' and r.tenant_id is null "
            "join auth.sessions as s on s.user_id = mr.user_id where mr.tenant_id = %s limit 1",
            [tenant_id],
        ).fetchone()
    assert row is not None
    return claims_for(row["user_id"], tenant_id, "user", session_id=row["session_id"], roles=["admin"])


def make_key(
    database: Database,
    tenant: Tenant | uuid.UUID,
    kind: str = "robot",
    robot_id: uuid.UUID | None = None,
    scopes: Sequence[str] = (),
) -> Key:
    """A live API key, made by an admin; a service key needs scopes."""
    tenant_id = tenant.tenant_id if isinstance(tenant, Tenant) else tenant
    new = new_api_key("robot" if kind == "robot" else "service")
    with database.connect() as owner, as_caller(owner, admin_claims(database, tenant_id)):
        row = owner.execute(
            "select api_key_id from public.create_api_key(%s::public.api_key_kind, 'test key', %s, %s, %s, %s)",
            [kind, new.key_hash, new.prefix, robot_id, list(scopes)],
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
    with database.connect() as owner, as_caller(owner, admin_claims(database, tenant_id)):
        row = owner.execute(
            "select robot_id from public.register_robot(%(external_id)s, %(external_id)s, "
            "p_environment => %(environment)s, p_capabilities => %(capabilities)s, p_tags => %(tags)s, "
            "p_max_concurrent_jobs => %(max_concurrent_jobs)s, p_is_internet => %(is_internet)s)",
            {
                "external_id": external_id,
                "environment": environment,
                "capabilities": list(capabilities),
                "tags": list(tags),
                "max_concurrent_jobs": max_concurrent_jobs,
                "is_internet": is_internet,
            },
        ).fetchone()
    assert row is not None
    key = make_key(database, tenant_id, "robot", row["robot_id"])
    robot = Robot(row["robot_id"], tenant_id, external_id, key)
    with database.connect() as owner, as_caller(owner, robot.claims):
        owner.execute("select public.record_heartbeat()")
    return robot


def make_workflow(
    database: Database, tenant: Tenant | uuid.UUID, name: str | None = None, definition: dict[str, Any] | None = None
) -> Workflow:
    """A published, enabled workflow."""
    tenant_id = tenant.tenant_id if isinstance(tenant, Tenant) else tenant
    name = name or f"Workflow {uuid.uuid4().hex[:6]}"
    definition = definition or EXAMPLE_WORKFLOW
    with database.connect() as owner, as_caller(owner, admin_claims(database, tenant_id)):
        row = owner.execute(
            "select workflow_id from public.submit_workflow(%s, %s)", [name, json.dumps(definition)]
        ).fetchone()
    assert row is not None
    return Workflow(row["workflow_id"], tenant_id, name, definition)


def make_job(database: Database, workflow: Workflow, **arguments: Any) -> uuid.UUID:
    """A queued job of the workflow, enqueued by an admin; arguments of `enqueue_job` without their `p_`."""
    names = ", ".join(f"p_{name} => %({name})s" for name in ("workflow_id", *arguments))
    with database.connect() as owner, as_caller(owner, admin_claims(database, workflow.tenant_id)):
        row = owner.execute(
            f"select job_id from public.enqueue_job({names})", {**arguments, "workflow_id": workflow.workflow_id}
        ).fetchone()
    assert row is not None
    job_id: uuid.UUID = row["job_id"]
    return job_id


def make_held_job(database: Database, robot: Robot, workflow: Workflow | None = None) -> uuid.UUID:
    """A job that only this robot may have, and has claimed."""
    workflow = workflow or make_workflow(database, robot.tenant_id)
    job_id = make_job(database, workflow, robot_id=str(robot.robot_id))
    with database.connect() as owner, as_caller(owner, robot.claims):
        row = owner.execute("select job_id from public.claim_jobs()").fetchone()
    assert row == {"job_id": job_id}
    return job_id
