"""Claim + complete per second at the database, beside a bare SKIP LOCKED + UPDATE on the same server."""

import json
import os
import subprocess
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bench.report import median, table
from bench.stack import BenchStack
from casare_cloud.local.pg_binaries import find_binaries

SQL = Path(__file__).parent / "sql"


def run(stack: BenchStack, *, rounds: int, seconds: int) -> None:
    """Rounds of: bare, product, product without pushes; at 1 and at 8 clients, each client a robot of its own."""
    dsn = stack.superuser_dsn
    with psycopg.connect(dsn, autocommit=True) as connection:
        workflow_id = _make_workflow(connection, stack.env["DEMO_TENANT_ID"])
        robots = [_make_robot(connection, stack.env["DEMO_TENANT_ID"], number) for number in range(8)]
        rows = []
        for clients in (1, 8):
            rates: dict[str, list[float]] = {"bare": [], "product": [], "quiet": []}
            for _ in range(rounds):
                needed = 6000 * seconds
                _push(connection, stack.env["DEMO_TENANT_ID"], is_on=False)
                _refill(connection, stack.env["DEMO_TENANT_ID"], workflow_id, needed)
                rates["bare"].append(_measure(dsn, "bare_cycle", seconds, [{}] * clients))
                _push(connection, stack.env["DEMO_TENANT_ID"], is_on=True)
                rates["product"].append(_measure(dsn, "cycle", seconds, robots[:clients]))
                _push(connection, stack.env["DEMO_TENANT_ID"], is_on=False)
                rates["quiet"].append(_measure(dsn, "cycle", seconds, robots[:clients]))
                _push(connection, stack.env["DEMO_TENANT_ID"], is_on=True)
            bare = median(rates["bare"])
            for name, title in (
                ("bare", "bare queue"),
                ("product", "casare_cloud"),
                ("quiet", "casare_cloud, pushes off"),
            ):
                rate = median(rates[name])
                rows.append((clients, title, rate, rate / bare))
    table("Claim + complete, each its own commit", ("clients", "queue", "jobs/s", "ratio to bare"), rows)


def _measure(dsn: str, script: str, seconds: int, claims: list[dict[str, object]]) -> float:
    """Jobs per second of one pgbench per set of claims, all at once."""
    pgbench = find_binaries().program("pgbench")
    parts = urlsplit(dsn)
    processes = []
    for each in claims:
        options = ""
        if each:
            text = json.dumps(each, separators=(",", ":")).replace("\\", "\\\\").replace(" ", "\\ ")
            options = f"-c role=authenticated -c request.jwt.claims={text}"
        env = {**os.environ, "PGPASSWORD": parts.password or "", "PGOPTIONS": options}
        command = [
            pgbench, "-n", "-M", "prepared", "-T", str(seconds), "-f", str(SQL / f"{script}.pgbench"),
            "-h", "127.0.0.1", "-p", str(parts.port), "-U", str(parts.username), parts.path[1:],
        ]  # fmt: skip
        processes.append(subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    total = 0.0
    for process in processes:
        output, errors = process.communicate()
        found = [line for line in output.splitlines() if line.startswith("tps")]
        if not found:
            raise RuntimeError(f"pgbench said: {errors[-500:]}")
        total += float(found[0].split()[2])
    return total


def _make_workflow(connection: psycopg.Connection, tenant_id: str) -> str:
    (workflow_id,) = connection.execute(
        "insert into public.workflows (tenant_id, name, status) values (%s, 'bench', 'published') "
        "returning workflow_id",
        [tenant_id],
    ).fetchone()  # type: ignore[misc]
    connection.execute(
        "insert into public.workflow_versions (workflow_id, version, tenant_id, definition, node_count) "
        """values (%s, 1, %s, '{"nodes": [{"id": "start", "type": "StartNode"}]}', 1)""",
        [workflow_id, tenant_id],
    )
    return str(workflow_id)


def _make_robot(connection: psycopg.Connection, tenant_id: str, number: int) -> dict[str, object]:
    """A robot with a live key; returns the claims that its requests carry."""
    name = f"bench-{number}-{uuid.uuid4().hex[:8]}"
    (robot_id,) = connection.execute(
        "insert into public.robots (tenant_id, external_id, name, max_concurrent_jobs) values (%s, %s, %s, 100) "
        "returning robot_id",
        [tenant_id, name, name],
    ).fetchone()  # type: ignore[misc]
    (key_id,) = connection.execute(
        "insert into public.api_keys (tenant_id, kind, name, prefix, key_hash, robot_id) "
        "values (%s, 'robot', %s, 'crpa_bench', sha256(%s::text::bytea), %s) returning api_key_id",
        [tenant_id, name, name, robot_id],
    ).fetchone()  # type: ignore[misc]
    return {
        "sub": str(robot_id),
        "role": "authenticated",
        "app_metadata": {
            "tenant_id": tenant_id, "principal": "robot", "robot_id": str(robot_id), "api_key_id": str(key_id),
        },
    }  # fmt: skip


def refill_bare(connection: psycopg.Connection, count: int) -> None:
    """A new bare queue with so many waiting jobs."""
    connection.execute((SQL / "bare_queue.sql").read_bytes())
    connection.execute("insert into public.bare_jobs (input) select '{}' from generate_series(1, %s)", [count])
    connection.execute("vacuum analyze public.bare_jobs")


def _refill(connection: psycopg.Connection, tenant_id: str, workflow_id: str, count: int) -> None:
    """The same number of waiting jobs for both queues, and fresh statistics."""
    refill_bare(connection, count)
    (user_id,) = connection.execute(
        "select user_id from public.memberships where tenant_id = %s limit 1", [tenant_id]
    ).fetchone()  # type: ignore[misc]
    claims = {"sub": str(user_id), "role": "authenticated", "app_metadata": {"tenant_id": tenant_id}}
    with connection.transaction():
        connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(claims)])
        connection.execute(
            "select count(job.job_id) from generate_series(1, %s) as n, "
            "lateral public.enqueue_job(%s, jsonb_build_object('n', n)) as job",
            [count, workflow_id],
        )
    connection.execute("vacuum analyze private.ready, private.leases")


def _push(connection: psycopg.Connection, tenant_id: str, *, is_on: bool) -> None:
    connection.execute(
        "update public.tenants set settings = jsonb_set(settings, '{realtime}', %s) where tenant_id = %s",
        [json.dumps({"jobs": is_on}), tenant_id],
    )
