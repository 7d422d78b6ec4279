"""For each duty: how a tenant gets much of it due, and how much of that is left."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from tests.database.scheduling import create
from tests.fleets import Fleet, call

Make = Callable[[Fleet, int], None]


@dataclass(frozen=True)
class Flood:
    """What makes `count` rows due for a tenant, then or `later`, and the query that counts what is left of them."""

    make: Make
    left: str  # of %(tenant)s, the tenant's id, and %(no)s, its number in the queue
    later: timedelta = timedelta()
    is_one_look: bool = False  # a tenant is done with one look at it, however much it has


def do(fleet: Fleet, statement: str, **values: object) -> None:
    """Runs a statement as the owner; the tenant, its number and its workflow are there by name."""
    tenant = fleet.tenant.tenant_id
    row = fleet.owner.execute("select private.find_queue_tenant(%s) as no", [tenant]).fetchone()
    assert row is not None
    names = {"tenant": tenant, "no": row["no"], "workflow": fleet.workflow.workflow_id}
    fleet.owner.execute(statement, names | values)


def schedules(fleet: Fleet, count: int) -> None:
    create(fleet, cron_expression="0 0 1 1 *")
    do(
        fleet,
        "insert into public.schedules (tenant_id, workflow_id, name, cron_expression, timezone, next_run_at) "
        "select %(tenant)s, %(workflow)s, 'flood', '0 0 1 1 *', 'UTC', %(now)s from generate_series(1, %(count)s)",
        now=fleet.now,
        count=count,
    )


def delayed(fleet: Fleet, count: int) -> None:
    fleet.fill(count - 1, run_at=fleet.now + timedelta(seconds=10))


def ready(fleet: Fleet, count: int) -> None:
    fleet.fill(count - 1)


def leased(fleet: Fleet, count: int) -> None:
    ready(fleet, count)
    robot = fleet.robot(max_concurrent_jobs=100)
    do(
        fleet,
        """
        with taken as (delete from private.ready where tenant_no = %(no)s returning *)
        insert into private.leases (
            job_id, lease_token, tenant_id, tenant_no, lane_id, robot_id, workflow_id, workflow_name, attempt,
            claimed_at, lease_expires_at, timeout_at, started_at
        )
        select t.job_id, nextval('private.lease_tokens'), %(tenant)s, %(no)s, t.lane_id, %(robot)s, %(workflow)s, 'x',
            1, %(now)s, %(now)s, 'infinity', %(now)s
        from taken as t
        """,
        robot=robot.robot_id,
        now=fleet.now,
    )


def lanes(fleet: Fleet, count: int, jobs: int = 1) -> None:
    """Lanes with some jobs each that became ready an hour ago."""
    do(
        fleet,
        """
        with made as (
            insert into private.lanes (tenant_no, environment, required, priority)
            select %(no)s, 'x', array['word' || n], 10 from generate_series(1, %(count)s) as n
            returning lane_id
        )
        insert into private.ready (tenant_no, lane_id, job_id)
        select %(no)s, m.lane_id, private.uuid_v7(%(now)s - interval '1 hour')
        from made as m, generate_series(1, %(jobs)s)
        """,
        count=count,
        jobs=jobs,
        now=fleet.now,
    )


def old_lanes(fleet: Fleet, count: int) -> None:
    lanes(fleet, count)
    do(
        fleet,
        "update private.lanes as l set head_job_id = r.job_id, head_since = %(now)s - interval '1 hour' "
        "from private.ready as r where r.tenant_no = %(no)s and r.lane_id = l.lane_id",
        now=fleet.now,
    )


def passed_lanes(fleet: Fleet, count: int) -> None:
    lanes(fleet, count)
    do(fleet, "update private.lanes set low_job_id = private.uuid_v7(%(now)s) where tenant_no = %(no)s", now=fleet.now)


def emptied_lanes(fleet: Fleet, count: int) -> None:
    """Lanes whose claimed jobs every claim walks over, while somebody holds a snapshot (to the end of the test)."""
    lanes(fleet, count, jobs=1000 if count == 1 else 200)
    holder = fleet.database.connect()
    holder.execute("begin transaction isolation level repeatable read")
    holder.execute("select count(*) from private.ready")
    do(fleet, "delete from private.ready where tenant_no = %(no)s")
    fleet.owner.execute("select pg_stat_force_next_flush()")


def share_usage(fleet: Fleet, count: int) -> None:
    workflows = max(count // 20, 1)  # fewer than a run looks at, whichever it begins with
    do(
        fleet,
        """
        with made as (
            insert into private.shares (tenant_id, workflow_id)
            select %(tenant)s, gen_random_uuid() from generate_series(1, %(workflows)s) returning share_id
        )
        insert into private.share_usage (share_id, seconds)
        select m.share_id, 1 from made as m, generate_series(1, %(each)s)
        """,
        workflows=workflows,
        each=count // workflows,
    )


def deleted_workflow(fleet: Fleet, count: int) -> None:
    """As public.delete_workflow leaves it, but for what that cancels itself."""
    fleet.fill(count - 1)
    do(fleet, "update public.workflows set deleted_at = now(), is_enabled = false where workflow_id = %(workflow)s")
    do(
        fleet,
        "insert into private.workflow_removals (tenant_id, workflow_id, removed_at, held) "
        "values (%(tenant)s, %(workflow)s, now(), 0)",
    )


def silent_robots(fleet: Fleet, count: int, silent_for: str = "1 hour") -> None:
    do(
        fleet,
        """
        with made as (
            insert into public.robots (tenant_id, external_id, name)
            select %(tenant)s, 'robot-' || n, 'r' from generate_series(1, %(count)s) as n
            returning robot_id
        )
        insert into public.robot_heartbeats (robot_id, tenant_id, last_heartbeat_at, online_since)
        select m.robot_id, %(tenant)s, %(now)s - %(silent)s::interval, %(now)s - interval '2 hours' from made as m
        """,
        count=count,
        now=fleet.now,
        silent=silent_for,
    )


def deaf_robots(fleet: Fleet, count: int) -> None:
    lanes(fleet, 1)
    do(fleet, "update private.lanes set environment = '*', required = '{}' where tenant_no = %(no)s")
    silent_robots(fleet, count, "0 seconds")


def watched_queue(fleet: Fleet, count: int) -> None:
    ready(fleet, count)
    fleet.watch()


def full_queue(fleet: Fleet, count: int) -> None:
    fleet.fill(count - 1)
    do(fleet, """update public.tenants set settings = '{"queue": {"max_waiting": 1}}' where tenant_id = %(tenant)s""")


def wrong_counters(fleet: Fleet, count: int) -> None:
    for number in range(count):
        call(fleet.member, "set_limit", scope="key", concurrency_key=f"key {number}", max_running=9)
    do(
        fleet,
        "update private.limit_counters set running = 5 "
        "where limit_id in (select limit_id from private.limits where tenant_id = %(tenant)s)",
    )


def rows(insert: str) -> Make:
    """Makes rows by a statement over `generate_series(1, %(count)s) as n`, of what happened now."""

    def make(fleet: Fleet, count: int) -> None:
        do(fleet, insert + " from generate_series(1, %(count)s) as n", count=count, now=fleet.now)

    return make


def finished(fleet: Fleet, count: int) -> None:
    ready(fleet, count)
    do(fleet, "delete from private.ready where tenant_no = %(no)s")
    do(fleet, "update public.jobs set status = 'cancelled', finished_at = %(now)s", now=fleet.now)


def commands(fleet: Fleet, count: int) -> None:
    robot = fleet.robot()
    do(
        fleet,
        "insert into public.robot_commands (tenant_id, robot_id, command, issued_at) "
        "select %(tenant)s, %(robot)s, 'pause', %(now)s from generate_series(1, %(count)s)",
        robot=robot.robot_id,
        count=count,
        now=fleet.now,
    )


def robot_logs(fleet: Fleet, count: int) -> None:
    robot = fleet.robot()
    do(
        fleet,
        "insert into public.robot_logs (robot_log_id, tenant_id, robot_id, message, logged_at) "
        "select private.uuid_v7(%(now)s), %(tenant)s, %(robot)s, 'x', %(now)s from generate_series(1, %(count)s)",
        robot=robot.robot_id,
        count=count,
        now=fleet.now,
    )


def fires(fleet: Fleet, count: int) -> None:
    schedule = create(fleet, cron_expression="0 0 1 1 *")["schedule_id"]
    do(
        fleet,
        "insert into public.schedule_fires (tenant_id, schedule_id, fire_time, outcome, reason, fired_at) "
        "select %(tenant)s, %(schedule)s, %(now)s - n * interval '1 minute', 'failed', 'x', %(now)s "
        "from generate_series(1, %(count)s) as n",
        schedule=schedule,
        count=count,
        now=fleet.now,
    )


def events_for_chains(fleet: Fleet, count: int) -> None:
    call(
        fleet.member,
        "create_trigger",
        workflow_id=fleet.workflow.workflow_id,
        name="flood",
        trigger_type="event_bus",
        config={"events": ["test.awaited"]},
    )
    do(
        fleet,
        "insert into private.chain_inbox (tenant_id, event_type, occurred_at, data) "
        "select %(tenant)s, 'test.other', %(now)s, '{}' from generate_series(1, %(count)s)",
        count=count,
        now=fleet.now,
    )


def deliveries(fleet: Fleet, count: int) -> None:
    trigger = call(
        fleet.member, "create_trigger", workflow_id=fleet.workflow.workflow_id, name="flood", trigger_type="manual"
    )["trigger_id"]
    do(
        fleet,
        "insert into public.trigger_deliveries "
        "(delivery_id, tenant_id, trigger_id, source, outcome, status_code, received_at) "
        "select private.uuid_v7(%(now)s), %(tenant)s, %(trigger)s, 'manual', 'accepted', 200, %(now)s "
        "from generate_series(1, %(count)s)",
        trigger=trigger,
        count=count,
        now=fleet.now,
    )


def news(fleet: Fleet, count: int) -> None:
    schedule = create(fleet, cron_expression="0 0 1 1 *", overlap_policy="skip")["schedule_id"]
    do(
        fleet,
        "insert into private.schedule_news (tenant_id, schedule_id, job_id, status) "
        "select %(tenant)s, %(schedule)s, gen_random_uuid(), 'completed' from generate_series(1, %(count)s)",
        schedule=schedule,
        count=count,
    )


def calendars(fleet: Fleet, count: int) -> None:
    do(
        fleet,
        "insert into public.calendars (tenant_id, name, working_hours, rules_until) "
        "select %(tenant)s, n::text, '{}', %(now)s from generate_series(1, %(count)s) as n",
        now=fleet.now,
        count=count,
    )


def left_in(table: str) -> str:
    return f"select count(*) as n from {table} where tenant_id = %(tenant)s"


LANES_LEFT = "select count(*) as n from private.lanes as l where l.tenant_no = %(no)s and "
LONG = timedelta(days=1000)
FLOODS = {
    "fire_due_schedules": Flood(schedules, left_in("public.schedules") + " and next_run_at <= private.clock()"),
    "follow_scheduled_jobs": Flood(news, left_in("private.schedule_news")),
    "extend_calendars": Flood(calendars, left_in("public.calendars") + " and rules_until < private.clock()::date + 1"),
    "promote_scheduled_jobs": Flood(delayed, left_in("private.scheduled"), timedelta(seconds=20)),
    "rescue_expired_leases": Flood(leased, left_in("private.leases"), timedelta(seconds=1)),
    "raise_low_water": Flood(emptied_lanes, LANES_LEFT + "low_job_id = '00000000-0000-0000-0000-000000000000'"),
    "fold_share_usage": Flood(
        share_usage, left_in("private.share_usage as u join private.shares as s using (share_id)")
    ),
    "recheck_low_water": Flood(
        passed_lanes,
        LANES_LEFT + "exists (select from private.ready as r where r.lane_id = l.lane_id and r.job_id < l.low_job_id)",
    ),
    "cancel_jobs_of_deleted_workflows": Flood(
        deleted_workflow, "select count(*) as n from private.ready where tenant_no = %(no)s"
    ),
    "mark_offline_robots": Flood(silent_robots, left_in("public.robot_heartbeats") + " and is_online"),
    "notice_deaf_robots": Flood(deaf_robots, left_in("public.robot_heartbeats") + " and deaf_since is null"),
    "age_lanes": Flood(old_lanes, LANES_LEFT + "promotion = 0"),
    "check_waiting_quotas": Flood(full_queue, left_in("private.queue_tenants") + " and not is_full", is_one_look=True),
    "reconcile_limits": Flood(
        wrong_counters,
        left_in("private.limits as w join private.limit_counters as c using (limit_id)") + " and running > 0",
    ),
    "push_overviews": Flood(
        watched_queue,
        "select 1 - count(*) as n from private.overviews where tenant_no = %(no)s",
        is_one_look=True,
    ),
    "sequence_events": Flood(
        rows("insert into private.event_inbox (tenant_id, event_type, occurred_at) select %(tenant)s, 'x', %(now)s"),
        left_in("private.event_inbox"),
    ),
    "purge_expired_jobs": Flood(finished, left_in("public.jobs"), LONG),
    "purge_expired_job_logs": Flood(
        rows(
            "insert into public.job_logs (tenant_id, job_id, attempt, message, logged_at) "
            "select %(tenant)s, private.uuid_v7(%(now)s), 1, 'x', %(now)s"
        ),
        left_in("public.job_logs"),
        LONG,
    ),
    "purge_expired_events": Flood(
        rows(
            "insert into public.events (tenant_id, seq, event_id, event_type, occurred_at, told_at) "
            "select %(tenant)s, n, gen_random_uuid(), 'x', %(now)s, %(now)s"
        ),
        left_in("public.events"),
        LONG,
    ),
    "purge_expired_dead_letters": Flood(
        rows(
            "insert into public.dead_letters (job_id, tenant_id, workflow_id, reason, attempts, dead_lettered_at) "
            "select private.uuid_v7(%(now)s), %(tenant)s, %(workflow)s, 'timeout', 1, %(now)s"
        ),
        left_in("public.dead_letters"),
        LONG,
    ),
    "purge_expired_late_results": Flood(
        rows(
            "insert into public.late_results (tenant_id, job_id, lease_token, outcome, payload) "
            "select %(tenant)s, private.uuid_v7(%(now)s), n, 'failed', '{}'"
        ),
        left_in("public.late_results"),
        LONG,
    ),
    "purge_expired_job_node_executions": Flood(
        rows(
            "insert into public.job_node_executions (tenant_id, job_id, attempt, node_executions, reported_at) "
            "select %(tenant)s, private.uuid_v7(%(now)s), 1, '[]', %(now)s"
        ),
        left_in("public.job_node_executions"),
        LONG,
    ),
    "purge_expired_robot_logs": Flood(robot_logs, left_in("public.robot_logs"), LONG),
    "purge_expired_robot_measurements": Flood(
        rows(
            "insert into public.robot_measurements "
            "select %(tenant)s, gen_random_uuid(), %(now)s, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'"
        ),
        left_in("public.robot_measurements"),
        LONG,
    ),
    "purge_expired_robot_commands": Flood(commands, left_in("public.robot_commands"), LONG),
    "purge_expired_schedule_fires": Flood(fires, left_in("public.schedule_fires"), LONG),
    "fire_chains": Flood(events_for_chains, left_in("private.chain_inbox")),
    "purge_expired_trigger_deliveries": Flood(deliveries, left_in("public.trigger_deliveries"), LONG),
    "purge_expired_trigger_delivery_bodies": Flood(
        rows(
            "insert into public.trigger_delivery_bodies (delivery_id, tenant_id, payload) "
            "select private.uuid_v7(%(now)s), %(tenant)s, '{}'"
        ),
        left_in("public.trigger_delivery_bodies"),
        LONG,
    ),
    "purge_expired_audit_log": Flood(
        rows(
            "insert into public.audit_log (tenant_id, principal, action, resource_type, resource_id) "
            "select %(tenant)s, 'system', 'create', 'x', n"
        ),
        left_in("public.audit_log"),
        LONG,
    ),
    "purge_idempotency_keys": Flood(
        rows(
            "insert into private.idempotency_keys (tenant_id, actor_id, key, request_hash) "
            "select %(tenant)s, gen_random_uuid(), n, ''"
        ),
        left_in("private.idempotency_keys"),
        LONG,
    ),
    "purge_job_rollups": Flood(
        rows(
            "insert into public.job_rollups (tenant_id, level, starts_at, subject_id) "
            "select %(tenant)s, 'tenant_hour', %(now)s::timestamptz + n * interval '1 hour', gen_random_uuid()"
        ),
        left_in("public.job_rollups"),
        LONG,
    ),
}
