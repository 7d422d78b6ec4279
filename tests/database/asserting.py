"""What tests of one domain after another ask: a statement's only row as a caller, or the error it ends with."""

import hashlib
import secrets
import time
import uuid
from collections.abc import Mapping
from typing import Any

import psycopg
import pytest
from psycopg.rows import DictRow
from tests import factories
from tests.databases import Claims, Connection, as_caller

WRONG = uuid.UUID("0199ffff-0000-7000-8000-00000000dead")  # an id that nothing has


def one(connection: Connection, claims: Claims | None, sql: str, params: Any = None) -> DictRow:
    """The only row of a statement run as a caller."""
    with as_caller(connection, claims):
        row = connection.execute(sql, params).fetchone()
    assert row is not None
    return row


def refused(connection: Connection, claims: Claims | None, sql: str, params: Any = None) -> tuple[str, str | None]:
    """(sqlstate, code) of the error that a statement run as a caller ends with."""
    with pytest.raises(psycopg.Error) as caught, as_caller(connection, claims):
        connection.execute(sql, params)
    return caught.value.sqlstate or "", caught.value.diag.message_detail


def principal(connection: Connection, claims: Claims) -> str | None:
    """What the database takes the caller for: user, robot, service, or nobody."""
    value: str | None = one(connection, claims, "select (private.caller()).principal as who")["who"]
    return value


def edited(claims: Claims, **app_metadata: Any) -> dict[str, Any]:
    """The claims with other app_metadata; None takes an entry away."""
    metadata: Mapping[str, Any] = {**claims["app_metadata"], **{k: v and str(v) for k, v in app_metadata.items()}}
    return {**claims, "app_metadata": {k: v for k, v in metadata.items() if v is not None}}


def wait_for_lock(connection: Connection, pid: int) -> None:
    """Returns when the backend waits for a lock; `connection` may see pg_stat_activity."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        row = connection.execute("select wait_event_type from pg_stat_activity where pid = %s", [pid]).fetchone()
        if row and row["wait_event_type"] == "Lock":
            return
        time.sleep(0.001)
    raise AssertionError("the backend never waited for a lock")


def role_id(connection: Connection, slug: str) -> uuid.UUID:
    """The id of a built-in role; the connection is the owner's."""
    row = connection.execute(
        "select role_id from public.roles where slug = %s and tenant_id is null", [slug]
    ).fetchone()
    assert row is not None
    found: uuid.UUID = row["role_id"]
    return found


def invite(connection: Connection, by: Claims, email: str, role: str) -> str:
    """The token of a new invitation with a built-in role."""
    token = secrets.token_urlsafe(32)
    one(
        connection,
        by,
        "select public.invite_member(%s, role_id, %s) from public.roles where slug = %s and tenant_id is null",
        [email, hashlib.sha256(token.encode()).digest(), role],
    )
    return token


def join(connection: Connection, tenant: factories.Tenant, user: factories.Member, role: str) -> None:
    """Makes a user, who may be a member elsewhere, a member of the tenant too."""
    token = invite(connection, tenant.admin.claims, user.email, role)
    one(connection, user.claims, "select public.accept_invitation(%s)", [token])
