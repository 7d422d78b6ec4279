"""Tenants with a past: finished jobs over 90 days, with the events, node executions and rollups that belong to them."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from bench import workload
from bench.pgbench import SQL
from bench.report import progress
from bench.workload import Connection, Tenant

DAYS = 90
TENANTS = 100
GREATEST = 0.6  # of all jobs are the first tenant's; the second of the others has half of what the first has, and so on
WAITING, DELAYED, HELD = 1000, 100, 20

NODE_EXECUTIONS = """
insert into public.job_node_executions (tenant_id, job_id, attempt, node_executions, healed, not_healed, reported_at)
select
    j.tenant_id, j.job_id, j.attempts,
    '[{"node_id": "start", "duration_ms": 3}, {"node_id": "click", "healing": {"healed": true, "attempts": 1}}]',
    1, 0, j.finished_at
from public.jobs as j
where j.tenant_id = %(tenant_id)s
    and j.attempts > 0
    and j.finished_at >= %(now)s::timestamptz - make_interval(days => 30)
    and left(md5(j.job_id::text), 1) < '3'
"""

# What each robot of a tenant measured in a month: every five minutes.
MEASUREMENTS = """
insert into public.robot_measurements
select r.tenant_id, r.robot_id, date_trunc('hour', %s::timestamptz, 'UTC') - n * interval '1 hour',
    a, a, a, a, a, a, a, a
from public.robots as r, generate_series(0, 31 * 24) as n, (select array_fill(50::real, array[12]) as a) as f
where r.tenant_id = %s
"""

# What rollups say of each day, beside what the jobs say.
DIFFERENCES = """
select count(*)
from (
    select date_trunc('day', j.finished_at, 'UTC') as day, count(*) as ended,
        count(*) filter (where j.status = 'completed') as completed,
        sum(round(extract(epoch from j.finished_at - j.started_at) * 1000)) filter (where j.status = 'completed') as ms
    from public.jobs as j
    where j.tenant_id = %(tenant_id)s and j.finished_at is not null
    group by 1
) as j
full join (
    select r.starts_at as day, r.completed + r.failed + r.timed_out + r.cancelled as ended, r.completed,
        r.duration_ms_sum as ms
    from public.job_rollups as r
    where r.tenant_id = %(tenant_id)s and r.level = 'tenant_day'
) as r using (day)
where (j.ended, j.completed, coalesce(j.ms, 0)) is distinct from (r.ended, r.completed, r.ms)
"""


@dataclass(frozen=True)
class Past:
    """The tenant with the lion's share, how many jobs it and all have, and how long the loading took."""

    tenant: Tenant
    its_jobs: int
    jobs: int
    events: int
    seconds: float


def load(connection: Connection, jobs: int, tenants: int = TENANTS) -> Past:
    """So many finished jobs of many tenants, the first of which has most of them and work that waits."""
    began = time.perf_counter()
    now = datetime.now(UTC)
    connection.execute("select set_config('synchronous_commit', 'off', false), set_config('work_mem', '512MB', false)")
    for week in range(DAYS // 7 + 2):
        connection.execute("select private.make_job_partition(now() - make_interval(days => %s))", [7 * week])
    shares = [1 / rank for rank in range(1, tenants)]
    counts = [round(jobs * GREATEST), *(round(jobs * (1 - GREATEST) * share / sum(shares)) for share in shares)]
    greatest: Tenant | None = None
    for number, count in enumerate(counts):
        tenant = _make_tenant(connection, is_great=number == 0)
        greatest = greatest or tenant
        if number % 10 == 0:
            progress(f"history: {count:,} jobs of tenant {number + 1} of {tenants}")
        _fill(connection, tenant, count, now)
    assert greatest is not None
    _add_live_work(connection, greatest)
    connection.execute(MEASUREMENTS, [now, greatest.tenant_id])
    progress("history: vacuum")
    connection.execute("vacuum analyze public.jobs, public.events, public.job_rollups, public.job_node_executions")
    workload.settle(connection)
    row = connection.execute("select count(*) from public.events").fetchone()
    assert row is not None
    return Past(greatest, counts[0], sum(counts), row[0], time.perf_counter() - began)


def _make_tenant(connection: Connection, *, is_great: bool) -> Tenant:
    tenant = workload.make_tenant(connection, robots=50 if is_great else 2)
    connection.execute("update public.tenants set plan = 'pro' where tenant_id = %s", [tenant.tenant_id])
    connection.execute(
        "insert into public.workflows (tenant_id, name, status) "
        "select %s, 'bench ' || n, 'published' from generate_series(2, %s) as n",
        [tenant.tenant_id, 20 if is_great else 3],
    )
    return tenant


def _fill(connection: Connection, tenant: Tenant, count: int, now: datetime) -> None:
    workload.enqueue(connection, tenant, 1)
    lane = connection.execute("select lane_id from public.jobs where tenant_id = %s", [tenant.tenant_id]).fetchone()
    assert lane is not None
    values = {"tenant_id": tenant.tenant_id, "lane_id": lane[0], "count": count, "days": DAYS, "now": now}
    connection.execute((SQL / "past_jobs.sql").read_bytes(), values)
    _tell(connection, values)


def _tell(connection: Connection, values: dict[str, object]) -> None:
    """What follows from jobs that ended: events, node executions, rollups."""
    with connection.transaction():
        connection.execute("set local session_replication_role = replica")  # no look at the tenant for each event
        connection.execute(
            "select from private.event_counters where tenant_id = %(tenant_id)s for update", values
        )  # cron may have numbered the events of the job that waits
        connection.execute((SQL / "past_events.sql").read_bytes(), values)
        connection.execute(
            "update private.event_counters as c set last_seq = coalesce((select max(e.seq) from public.events as e "
            "where e.tenant_id = c.tenant_id), 0) where c.tenant_id = %(tenant_id)s",
            values,
        )
    connection.execute(NODE_EXECUTIONS, values)
    connection.execute("select private.rebuild_job_rollups(%(tenant_id)s)", values)
    row = connection.execute(DIFFERENCES, values).fetchone()
    assert row == (0,), "The rollups are not what the jobs say."


def _add_live_work(connection: Connection, tenant: Tenant) -> None:
    """Jobs that wait, that are delayed, and that robots hold for an hour."""
    workload.enqueue(connection, tenant, WAITING)
    workload.enqueue(connection, tenant, DELAYED, run_at="2099-01-01T00:00:00Z")
    for robot in tenant.robots[:HELD]:
        with connection.transaction():
            workload.act_as(connection, robot)
            connection.execute("select from public.claim_jobs(p_lease_seconds => 3600)")
    connection.execute(
        "select private.sequence_tenant_events(t.tenant_id, p_is_whole => true) from public.tenants as t"
    )
