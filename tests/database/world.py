"""Two tenants for the test of isolation: A, with a row in every table, and B, whose members and robots want it."""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any

from tests import factories
from tests.database.asserting import invite, one
from tests.databases import Claims, Connection, Database, as_caller, set_claims

MARKER = "for-a-only"  # stands in texts of A that no stranger may see, and that none would guess
NOT_YET = "2099-01-01 00:00:00+00"


@dataclass(frozen=True)
class World:
    """What the fixture made: the callers, and what they call the functions with."""

    tenant: factories.Tenant
    other: factories.Tenant
    callers: dict[str, Claims | None]
    targets: dict[str, Any]  # things of A
    absent: dict[str, Any]  # the same names, of nothing


def make_world(database: Database) -> World:
    """Fills every table with rows of tenant A, through the functions where there is one."""
    tenant, other = factories.make_tenant(database, f"A {MARKER}"), factories.make_tenant(database, "B")
    viewer = factories.make_member(database, tenant, "viewer")
    colleague = factories.make_member(database, tenant, "viewer")
    removed = factories.make_member(database, tenant, "developer")
    holder = factories.make_robot(database, tenant, "robot-of-a", max_concurrent_jobs=9)
    revoked = factories.make_robot(database, tenant, f"revoked-{MARKER}", max_concurrent_jobs=9)
    idle = factories.make_robot(database, tenant, f"idle-{MARKER}", environment="empty")
    key = factories.make_key(database, tenant, "service", scopes=["*"])
    workflow = factories.make_workflow(database, tenant, f"Workflow {MARKER}")
    other_workflow = factories.make_workflow(database, other, "Workflow of B")

    functions, owner = database.connect("casare_functions"), database.connect()
    admin = tenant.admin.claims
    email = f"{uuid.uuid4().hex}@example.test"
    token = invite(functions, admin, email, "viewer")
    role = one(functions, admin, "select public.create_role(%s, 'custom', '{jobs.read}') as id", [f"Role {MARKER}"])[
        "id"
    ]
    one(functions, admin, "select public.assign_role(%s, %s)", [tenant.admin.user_id, role])
    one(functions, admin, "select public.set_active_tenant(%s)", [tenant.tenant_id])
    _fill_the_tables_of_requests(functions, admin)
    one(functions, admin, "select public.read_notifications()")
    owner.execute(
        "insert into public.workflow_backups (workflow_id, version, tenant_id, object_key) values (%s, 1, %s, %s)",
        [workflow.workflow_id, tenant.tenant_id, f"{MARKER}/1.json"],
    )

    owner.execute("select private.mark_exported('jobs_default', now())")
    owner.execute("insert into private.outages (ended_at, began_at, leases) values (now(), now(), 0)")

    queued = factories.make_job(
        database,
        workflow,
        input=f'{{"secret": "{MARKER}"}}',
        required_capabilities=["none-has-this"],
        dedupe_key="dedupe-of-a",
    )
    factories.make_job(database, workflow, run_at=NOT_YET)
    one(functions, admin, "select public.set_limit('workflow', %s, null, 100)", [workflow.workflow_id])
    one(functions, admin, "select public.set_limit('key', null, %s)", ["key-of-a"])
    held = factories.make_held_job(database, holder, workflow)
    lease = owner.execute("select lease_token from private.leases where job_id = %s", [held]).fetchone()
    assert lease is not None
    with as_caller(functions, holder.claims):
        functions.execute("select public.start_job(%s, %s)", [held, lease["lease_token"]])
        nodes = f'[{{"node_id": "{MARKER}"}}]'
        functions.execute(
            "select public.report_progress(%s, 10, 'node', %s, p_node_executions => %s)", [held, MARKER, nodes]
        )
        entries = f'[{{"level": "info", "message": "{MARKER}"}}]'
        functions.execute("select public.append_job_logs(%s, %s, %s)", [held, lease["lease_token"], entries])
        functions.execute("select public.append_robot_logs(%s)", [entries])
        functions.execute("select public.record_heartbeat(p_metrics => '{\"cpu_percent\": 12}')")
    owner.execute(
        "select private.keep_measurements(tenant_id, robot_id, measured_since, measured) from public.robot_heartbeats "
        "where robot_id = %s",
        [holder.robot_id],
    )
    done = _end(
        functions, owner, holder, factories.make_held_job(database, holder, workflow), "complete_job(%s, %s, %s)"
    )
    failed = _end(
        functions,
        owner,
        holder,
        factories.make_held_job(database, holder, workflow),
        "fail_job(%s, %s, %s, p_retryable => false)",
    )
    token_of_failed = owner.execute("select lease_token from public.jobs where job_id = %s", [failed]).fetchone()
    assert token_of_failed is not None
    with as_caller(functions, holder.claims):  # it has said already that the job failed
        late = f'{{"late": "{MARKER}"}}'
        functions.execute("select public.complete_job(%s, %s, %s)", [failed, token_of_failed["lease_token"], late])
    # Not done with its retries: what the robot failed is counted.
    policy = '{"policy": "fixed", "base_delay_seconds": 86400, "max_delay_seconds": 86400}'
    tried = factories.make_job(database, workflow, robot_id=str(holder.robot_id), retry_policy=policy)
    assert one(functions, holder.claims, "select job_id from public.claim_jobs()")["job_id"] == tried
    _end(functions, owner, holder, tried, "fail_job(%s, %s, %s)")
    one(functions, admin, "select public.command_robot(%s, 'pause', %s)", [str(idle.robot_id), MARKER])
    command = one(functions, admin, "select public.command_robot(%s, 'resume') as answer", [str(idle.robot_id)])
    held_by_revoked = factories.make_held_job(database, revoked, workflow)
    one(functions, idle.claims, "select count(*) from public.claim_jobs(p_environment => 'empty', p_listening => true)")
    factories.make_job(database, other_workflow)

    schedule = one(
        functions,
        admin,
        "select * from public.create_schedule("
        "jsonb_build_object('workflow_id', %s::uuid, 'name', %s::text, 'cron_expression', '@daily', "
        "'environment', 'none-has-this', 'overlap_policy', 'queue'))",
        [workflow.workflow_id, f"Schedule {MARKER}"],
    )["schedule_id"]
    calendar = one(
        functions,
        admin,
        "select public.create_calendar(jsonb_build_object("
        "'name', %s::text, 'rules', %s::jsonb, 'blackouts', %s::jsonb)) as answer",
        [
            f"Calendar {MARKER}",
            f'[{{"type": "fixed", "month": 5, "day": 1, "name": "{MARKER}"}}]',
            f'[{{"starts_at": "2027-01-01", "ends_at": "2027-01-02", "reason": "{MARKER}"}}]',
        ],
    )["answer"]["calendar_id"]
    for _ in range(2):  # one of these jobs has ended, and the duty has not looked
        triggered = one(functions, admin, "select public.trigger_schedule(%s) as answer", [schedule])["answer"][
            "job_id"
        ]
    one(functions, admin, "select public.cancel_job(%s)", [triggered])

    trigger = one(
        functions,
        admin,
        "select * from public.create_trigger(%s, %s, 'webhook', %s)",
        [workflow.workflow_id, f"Trigger {MARKER}", f'{{"path": "{MARKER}", "environment": "none-has-this"}}'],
    )["trigger_id"]
    one(functions, admin, "select public.set_trigger_secret(%s, sha256('secret'))", [trigger])
    one(functions, admin, "select public.fire_trigger(%s, %s)", [trigger, f'{{"a": "{MARKER}"}}'])
    delivery = owner.execute("select delivery_id from public.trigger_deliveries where trigger_id = %s", [trigger])
    delivery_id = (delivery.fetchone() or {})["delivery_id"]
    chained = one(
        functions,
        admin,
        "select * from public.create_trigger(%s, %s, 'event_bus', '{\"events\": [\"test.chained\"]}')",
        [workflow.workflow_id, f"Chain {MARKER}"],
    )["trigger_id"]
    owner.execute("select private.emit_event(%s, 'test.other')", [tenant.tenant_id])

    one(functions, admin, "select public.watch() as answer")
    one(functions, admin, "select public.watch(%s) as answer", [triggered])
    owner.execute("select private.push_overviews()")
    owner.execute(
        """update public.tenants set settings = settings || '{"queue": {"fair_share": true}}' where tenant_id = %s""",
        [tenant.tenant_id],
    )
    sharer = factories.make_robot(database, tenant)
    shared = factories.make_held_job(database, sharer, workflow)
    _end(functions, owner, sharer, shared, "complete_job(%s, %s, %s)")
    # Claims do for all tenants what time has made due, such as ending leases: that is no caller's doing.
    owner.execute(
        "update private.duties set claims_every = '1 year', claimed_at = now() where name not like '%low_water'"
    )
    other_robot = factories.make_robot(database, other)
    # A pool of A's with the tenant C in it; B was asked nothing.
    third = factories.make_tenant(database, "C")
    pool = one(functions, admin, "select public.create_pool(%s) as answer", [f"Pool {MARKER}"])["answer"]["pool_id"]
    one(functions, admin, "select public.put_pool_member(%s, %s, 2, 5)", [pool, str(third.tenant_id)])
    one(functions, third.admin.claims, "select public.accept_pool(%s)", [pool])
    one(functions, admin, "select public.set_robot_pool(%s, %s)", [str(holder.robot_id), pool])

    doomed = factories.make_workflow(database, tenant, f"Doomed {MARKER}").workflow_id
    owner.execute(
        "insert into private.workflow_removals (tenant_id, workflow_id, removed_at, held) values (%s, %s, now(), 0)",
        [tenant.tenant_id, doomed],
    )

    # Some events have their number, some wait for it.
    one(functions, admin, "select count(*) from public.list_events()")
    one(functions, admin, "select public.update_tenant(p_timezone => 'Europe/Berlin')")
    owner.execute("select private.emit_event(%s, 'test.waiting')", [tenant.tenant_id])
    one(functions, admin, "select public.remove_member(%s)", [removed.user_id])
    one(functions, admin, "select public.revoke_api_key(%s)", [revoked.key.api_key_id])

    invitation = owner.execute("select invitation_id from public.invitations where email = %s", [email]).fetchone()
    assert invitation is not None
    return World(
        tenant,
        other,
        callers={
            "admin of another tenant": other.admin.claims,
            "robot of another tenant": other_robot.claims,
            "revoked robot": revoked.claims,
            "removed member": removed.claims,
            "viewer": viewer.claims,
            "anonymous": None,
        },
        targets={
            "tenant": tenant.tenant_id, "user": tenant.admin.user_id, "colleague": colleague.user_id, "role": role,
            "key": key.api_key_id, "robot_key": holder.key.api_key_id, "invitation": invitation["invitation_id"],
            "token": token, "workflow": workflow.workflow_id, "schedule": schedule, "calendar": calendar,
            "robot": str(holder.robot_id),
            "robot_name": holder.external_id, "queued": queued, "held": held, "lease": lease["lease_token"],
            "held_by_revoked": held_by_revoked, "done": done, "failed": failed, "dedupe_key": "dedupe-of-a",
            "idempotency_key": "request-of-a", "concurrency_key": "key-of-a",
            "own_workflow": other_workflow.workflow_id, "own_robot": str(other_robot.robot_id),
            "command": command["answer"]["command_id"],
            "pool": pool, "pool_name": f"Pool {MARKER}",
            "trigger": trigger, "chained": chained, "delivery": delivery_id, "path": MARKER,
        },
        absent={
            "token": secrets.token_urlsafe(32), "robot": str(uuid.uuid4()), "robot_name": "nobody-has-this",
            "lease": 987654321, "dedupe_key": "nobody-has-this", "idempotency_key": "nobody-has-this",
            "concurrency_key": "nobody-has-this", "path": "nobody-has-this",
            "pool": str(uuid.uuid4()), "pool_name": "nobody-has-this",
            "own_workflow": other_workflow.workflow_id, "own_robot": str(other_robot.robot_id),
        } | {
            name: uuid.uuid4()
            for name in (
                "tenant", "user", "colleague", "role", "key", "robot_key", "invitation", "workflow", "schedule",
                "queued", "held", "held_by_revoked", "done", "failed", "command", "trigger", "chained", "delivery",
                "calendar",
            )
        },
    )  # fmt: skip


def _fill_the_tables_of_requests(functions: Connection, admin: Claims) -> None:
    functions.execute("select private.check_login(%s, '192.0.2.1')", [MARKER])
    functions.execute("select private.count_request(%s, 5, 60, '192.0.2.1')", [MARKER])
    with functions.transaction():
        set_claims(functions, admin)
        functions.execute("set local role authenticated")
        functions.execute("select private.begin_idempotent_request('request-of-a', 'body')")
        functions.execute("select private.finish_idempotent_request('request-of-a', 201, %s)", [f'"{MARKER}"'])


def _end(functions: Connection, owner: Connection, robot: factories.Robot, job_id: uuid.UUID, call: str) -> uuid.UUID:
    """Ends a job that the robot holds, with the marker as its result or error."""
    lease = owner.execute("select lease_token from private.leases where job_id = %s", [job_id]).fetchone()
    assert lease is not None
    text = f'"{MARKER}"' if call.startswith("complete") else MARKER
    one(functions, robot.claims, f"select public.{call}", [job_id, lease["lease_token"], text])
    return job_id
