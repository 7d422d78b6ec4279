"""Very many schedules that are due in one minute: how soon all have fired, in whose order, and what claims feel of it.

Also how many next times one core finds. `--scale 1` is the size of the aim: 100,000 of 1,000 tenants in 20 seconds.
"""

import threading
import time

import psycopg

from bench import workload
from bench.report import percentile, progress, table
from bench.stack import BenchStack
from bench.workload import Connection, Tenant

CLAIM_SECONDS = 5.0
NEXT_TIMES = 20_000
EXPRESSIONS = ["0 9 * * *", "*/5 * * * *", "30 8 * * MON-FRI", "0 0 1 * *", "15 */2 * * *", "0 7,12,18 1-15 * *"]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]


def run(stack: BenchStack, *, scale: float) -> None:
    """A storm of schedules beside claims, then next times alone."""
    with psycopg.connect(stack.superuser_dsn, autocommit=True) as connection:
        workload.mute_emulator(connection, is_muted=True)
        try:
            progress("schedules: next times")
            _next_times(connection)
            progress("schedules: a storm")
            _storm(stack.superuser_dsn, connection, max(1000, round(100_000 * scale)), max(10, round(1000 * scale)))
        finally:
            workload.mute_emulator(connection, is_muted=False)


def _next_times(connection: Connection) -> None:
    rows = []
    for name, expressions in (("all kinds", EXPRESSIONS), ("0 9 * * *", EXPRESSIONS[:1])):
        began = time.perf_counter()
        connection.execute(
            "select count(private.next_cron_time("
            "(%(expressions)s::text[])[1 + n %% %(many)s], (%(zones)s::text[])[1 + n / 7 %% 4], "
            "timestamptz '2026-01-01T00:00:00Z' + n * interval '7 hours')) from generate_series(1, %(count)s) as n",
            {"expressions": expressions, "many": len(expressions), "zones": ZONES, "count": NEXT_TIMES},
        )
        rows.append((name, NEXT_TIMES / (time.perf_counter() - began)))
    began = time.perf_counter()
    connection.execute(
        "select private.last_due_time(jsonb_populate_record(null::public.schedules, "
        """'{"frequency": "cron", "cron_expression": "* * * * *", "timezone": "UTC"}'), """
        "'2020-01-01T00:00:00Z', now()) from generate_series(1, 100)"
    )
    rows.append(("the newest of seven years of minutes", 100 / (time.perf_counter() - began)))
    table("Next times of cron expressions, on one core", ("expressions", "per second"), rows)


def _storm(dsn: str, connection: Connection, schedules: int, tenants: int) -> None:
    claimer = workload.make_tenant(connection, robots=1)
    workload.top_up(connection, claimer, 20_000)
    crowd = [workload.make_tenant(connection) for _ in range(tenants)]
    crowd.sort(key=lambda tenant: tenant.tenant_id)
    first, last = crowd[0], crowd[-1]
    each = schedules // (tenants - 1)
    for number, tenant in enumerate(crowd):
        _make_schedules(
            connection, tenant, 1 if tenant is last else each + (number == 0) * (schedules - each * (tenants - 1) - 1)
        )
    connection.execute("vacuum analyze public.schedules")
    idle = _claim(dsn, claimer, CLAIM_SECONDS)

    connection.execute("update public.schedules set next_run_at = now() where name = 'bench'")
    beside: list[float] = []
    firing = threading.Event()
    robot = threading.Thread(target=lambda: beside.extend(_claim(dsn, claimer, 600, until=firing)))
    robot.start()
    began = time.perf_counter()
    while _one(connection, "select count(*) from public.schedules where name = 'bench' and next_run_at <= now()"):
        connection.execute("call private.run_duties('5 seconds')")
    seconds = time.perf_counter() - began
    firing.set()
    robot.join()

    fired = _one(
        connection,
        "select count(*) from public.schedule_fires as f join public.schedules as s using (tenant_id, schedule_id) "
        "join public.jobs as j on j.job_id = f.job_id where s.name = 'bench' and f.outcome = 'enqueued'",
    )
    ahead = _one(
        connection,
        "select count(*) from public.schedule_fires as f where f.tenant_id = %s and f.job_id < ("
        "select g.job_id from public.schedule_fires as g where g.tenant_id = %s order by g.job_id limit 1)",
        first.tenant_id,
        last.tenant_id,
    )
    table(
        f"{schedules:,} schedules of {tenants:,} tenants due at once",
        ("what", "figure"),
        [
            ("fired, each once", fired),
            ("seconds", seconds),
            ("schedules a second", fired / seconds),
            ("the last tenant's one fired after so many of the first's (aim: under 100)", ahead),
            ("claim p99 ms, idle", percentile(idle, 99) * 1000),
            ("claim p99 ms, beside it", percentile(beside, 99) * 1000),
            ("ratio (aim: under 5)", percentile(beside, 99) / percentile(idle, 99)),
        ],
    )


def _make_schedules(connection: Connection, tenant: Tenant, count: int) -> None:
    connection.execute(
        "insert into public.schedules (tenant_id, workflow_id, name, cron_expression, timezone, next_run_at) "
        "select %s, %s, 'bench', (%s::text[])[1 + n %% %s], (%s::text[])[1 + n %% 4], now() + interval '1 day' "
        "from generate_series(1, %s) as n",
        [tenant.tenant_id, tenant.workflow_id, EXPRESSIONS, len(EXPRESSIONS), ZONES, count],
    )


def _claim(dsn: str, tenant: Tenant, seconds: float, until: threading.Event | None = None) -> list[float]:
    """How long each claim of one job took; the jobs are completed, so that the robot always has room."""
    times = []
    deadline = time.perf_counter() + seconds
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set role authenticated")
        while time.perf_counter() < deadline and not (until and until.is_set()):
            with connection.transaction():
                workload.act_as(connection, tenant.robots[0])
                began = time.perf_counter()
                job = connection.execute("select job_id, lease_token from public.claim_jobs(1)").fetchone()
            times.append(time.perf_counter() - began)
            if job is None:
                raise RuntimeError("The jobs to claim ran out.")
            with connection.transaction():
                workload.act_as(connection, tenant.robots[0])
                connection.execute("select public.complete_job(%s, %s, '{}')", job)
            time.sleep(0.005)
    return times


def _one(connection: Connection, query: str, *values: object) -> int:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return int(row[0])
