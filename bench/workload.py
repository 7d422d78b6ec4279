"""Tenants, robots and waiting jobs for the queue's figures, of the product and of the baselines."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

import psycopg

from bench.pgbench import SQL, Claims

Connection = psycopg.Connection[Any]


@dataclass
class Tenant:
    """A tenant with one published workflow; `admin` are the claims of somebody who may enqueue."""

    tenant_id: str
    workflow_id: str
    admin: Claims
    robots: list[Claims] = field(default_factory=list)


def make_tenant(connection: Connection, *, robots: int = 0, capabilities: list[str] | None = None) -> Tenant:
    """A tenant, a service key that may enqueue, a workflow, and robots with keys."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    with connection.transaction():
        tenant_id = _one(
            connection, "insert into public.tenants (name, slug) values (%s, %s) returning tenant_id", name, name
        )
        key_id = _one(
            connection,
            "insert into public.api_keys (tenant_id, kind, name, prefix, key_hash, scopes) "
            "values (%s, 'service', 'bench', 'sk_live_', sha256(%s::text::bytea), '{*}') returning api_key_id",
            tenant_id,
            name,
        )
        workflow_id = _one(
            connection,
            "insert into public.workflows (tenant_id, name, status) values (%s, 'bench', 'published') "
            "returning workflow_id",
            tenant_id,
        )
        connection.execute(
            "insert into public.workflow_versions (workflow_id, version, tenant_id, definition, node_count) "
            """values (%s, 1, %s, '{"nodes": [{"id": "start", "type": "StartNode"}]}', 1)""",
            [workflow_id, tenant_id],
        )
        tenant = Tenant(tenant_id, workflow_id, _claims(key_id, tenant_id, "service", key_id))
        tenant.robots = [make_robot(connection, tenant_id, capabilities or []) for _ in range(robots)]
    return tenant


def make_robot(connection: Connection, tenant_id: str, capabilities: list[str]) -> Claims:
    """A robot with 100 slots, a heartbeat and a live key; returns the claims that its requests carry."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    robot_id = _one(
        connection,
        "insert into public.robots (tenant_id, external_id, name, capabilities, max_concurrent_jobs) "
        "values (%s, %s, %s, %s, 100) returning robot_id",
        tenant_id,
        name,
        name,
        sorted(capabilities),
    )
    connection.execute(
        "insert into public.robot_heartbeats (robot_id, tenant_id, last_heartbeat_at, online_since) "
        "values (%s, %s, now(), now())",
        [robot_id, tenant_id],
    )
    key_id = _one(
        connection,
        "insert into public.api_keys (tenant_id, kind, name, prefix, key_hash, robot_id) "
        "values (%s, 'robot', %s, 'crpa_', sha256(%s::text::bytea), %s) returning api_key_id",
        tenant_id,
        name,
        name,
        robot_id,
    )
    return _claims(robot_id, tenant_id, "robot", key_id, robot_id=robot_id)


def enqueue(connection: Connection, tenant: Tenant, count: int, **job: object) -> None:
    """So many waiting jobs, through the product's own batches of 1,000."""
    body = json.dumps({"workflow_id": tenant.workflow_id, "input": {"n": 1}, **job})
    with connection.transaction():
        act_as(connection, tenant.admin)
        for start in range(0, count, 1000):
            refused = connection.execute(
                "select min(e.error_message) from public.enqueue_jobs("
                "(select jsonb_agg(%s::jsonb) from generate_series(1, %s))) as e",
                [body, min(1000, count - start)],
            ).fetchone()
            if refused and refused[0]:
                raise RuntimeError(f"enqueue_jobs: {refused[0]}")


def block(connection: Connection, tenant: Tenant, concurrency_key: str) -> None:
    """Lets no job with this key run."""
    with connection.transaction():
        act_as(connection, tenant.admin)
        connection.execute(
            "select public.set_limit('key', p_concurrency_key => %s, p_max_running => 0)", [concurrency_key]
        )


def act_as(connection: Connection, caller: Claims) -> None:
    """Makes the rest of the transaction the caller's."""
    connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(caller)])


def count_ready(connection: Connection, tenant: Tenant) -> int:
    """How many jobs of a tenant may be claimed."""
    return int(
        _one(
            connection,
            "select count(*) from private.ready as r join private.queue_tenants as q using (tenant_no) "
            "where q.tenant_id = %s",
            tenant.tenant_id,
        )
    )


def count_unfinished(connection: Connection, tenant: Tenant) -> int:
    """How many jobs of a tenant wait or are held."""
    held = _one(connection, "select count(*) from private.leases as l where l.tenant_id = %s", tenant.tenant_id)
    return count_ready(connection, tenant) + int(held)


def count_bare(connection: Connection) -> int:
    """How many jobs of the bare queue are not completed."""
    return int(_one(connection, "select count(*) from public.bare_jobs where status <> 'completed'"))


def count_lease(connection: Connection) -> int:
    """How many jobs of the bare queue with leases are not completed."""
    return int(_one(connection, "select count(*) from public.lease_jobs"))


def count_pgmq(connection: Connection) -> int:
    """How many messages of the pgmq queue are not deleted."""
    return int(_one(connection, "select count(*) from pgmq.q_bench"))


def top_up(connection: Connection, tenant: Tenant, wanted: int) -> None:
    """Adds what is missing to so many ready jobs, and sees to fresh statistics."""
    missing = wanted - count_ready(connection, tenant)
    if missing > 0:
        enqueue(connection, tenant, 1)
        _copy_job(connection, tenant, missing - 1)
        settle(connection)


def grow(connection: Connection, *, tenants: int, waiting: int, finished: int) -> None:
    """Many tenants with waiting and finished jobs."""
    for _ in range(tenants):
        tenant = make_tenant(connection)
        enqueue(connection, tenant, 1)
        _copy_job(connection, tenant, waiting // tenants)
        _copy_job(connection, tenant, finished // tenants, are_finished=True)
    connection.execute("vacuum analyze public.jobs, private.ready")


def _copy_job(connection: Connection, tenant: Tenant, count: int, *, are_finished: bool = False) -> None:
    """Copies, in one statement, a ready job that went the usual way: several times as fast as `enqueue`."""
    connection.execute(
        """
        with pattern as materialized (
            select to_jsonb(j) as job, to_jsonb(r) as ready
            from private.queue_tenants as q
            join private.ready as r using (tenant_no)
            join public.jobs as j using (job_id)
            where q.tenant_id = %(tenant_id)s
            order by r.job_id desc
            limit 1
        ), copies as materialized (
            select p.job, p.ready, jsonb_build_object('job_id', private.uuid_v7()) as id
            from pattern as p, generate_series(1, %(count)s)
        ), jobs as (
            insert into public.jobs
            select j.*
            from copies as c,
                lateral jsonb_populate_record(null::public.jobs, c.job || c.id || %(changes)s) as j
        )
        insert into private.ready
        select r.*
        from copies as c, lateral jsonb_populate_record(null::private.ready, c.ready || c.id) as r
        where not %(are_finished)s
        """,
        {
            "tenant_id": tenant.tenant_id,
            "count": count,
            "are_finished": are_finished,
            "changes": json.dumps({"status": "completed", "attempts": 1, "finished_at": "now"} if are_finished else {}),
        },
    )


def settle(connection: Connection) -> None:
    """What autovacuum would have done by now."""
    connection.execute("vacuum analyze private.ready, private.leases, private.event_inbox")


def refill_bare(connection: Connection, count: int) -> None:
    """A new bare queue with so many waiting jobs."""
    _refill_baseline(connection, "bare", count)


def refill_lease(connection: Connection, count: int) -> None:
    """A new bare queue with leases, with so many waiting jobs."""
    _refill_baseline(connection, "lease", count)


def add_lease(connection: Connection, count: int) -> None:
    """More waiting jobs in the bare queue with leases."""
    connection.execute("insert into public.lease_jobs (input) select '{}' from generate_series(1, %s)", [count])


def refill_pgmq(connection: Connection, count: int) -> None:
    """A new pgmq queue with so many messages."""
    connection.execute("select pgmq.drop_queue(queue_name) from pgmq.meta where queue_name = 'bench'")
    connection.execute("select pgmq.create('bench')")
    connection.execute(
        "select count(*) from pgmq.send_batch('bench', (select array_agg('{\"n\": 1}'::jsonb) "
        "from generate_series(1, %s)))",
        [count],
    )
    connection.execute("vacuum analyze pgmq.q_bench")


def push(connection: Connection, tenant: Tenant, *, is_on: bool) -> None:
    """Pushes all that happens to a tenant's jobs, watched or not, or nothing."""
    connection.execute(
        "update public.tenants set settings = jsonb_set(settings, '{realtime}', %s) where tenant_id = %s",
        [json.dumps({"jobs": "always" if is_on else "off"}), tenant.tenant_id],
    )


def limit(connection: Connection, tenant: Tenant, scope: str) -> None:
    """Sets a limit that is never reached, of the tenant or of its workflow: what counting costs."""
    with connection.transaction():
        act_as(connection, tenant.admin)
        connection.execute(
            "select public.set_limit(%s, %s, null, 100000)",
            [scope, tenant.workflow_id if scope == "workflow" else None],
        )


def mute_emulator(connection: Connection, *, is_muted: bool) -> None:
    """Turns the emulator's NOTIFY trigger off while the queue is measured.

    The platform reads broadcasts from the write-ahead log and has no such trigger. NOTIFY takes a lock of the whole
    cluster at commit, so with eight clients the trigger, not the queue, would be what is measured.
    """
    action = "disable" if is_muted else "enable"
    connection.execute(f"alter table realtime.messages {action} trigger messages_notify")


def _refill_baseline(connection: Connection, name: str, count: int) -> None:
    connection.execute((SQL / f"{name}_queue.sql").read_bytes())
    connection.execute(
        f"insert into public.{name}_jobs (input) select '{{}}' from generate_series(1, {count:d})".encode()
    )
    connection.execute(f"vacuum analyze public.{name}_jobs".encode())


def _claims(subject: str, tenant_id: str, principal: str, key_id: str, *, robot_id: str | None = None) -> Claims:
    app: dict[str, object] = {"tenant_id": tenant_id, "principal": principal, "api_key_id": key_id}
    if robot_id:
        app["robot_id"] = robot_id
    return {"sub": subject, "role": "authenticated", "app_metadata": app}


def _one(connection: Connection, statement: str, *values: object) -> str:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return str(row[0])
