"""Claim + complete per second at the database, beside queues that do less, on the same server in the same rounds."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from bench import peers, workload
from bench.pgbench import NOBODY, SQL, WARM_UP_SECONDS, Claims, Clients, Script
from bench.report import median, percentile, progress, table
from bench.stack import BenchStack
from bench.workload import Connection, Tenant

CLIENTS = 8


@dataclass(frozen=True)
class Queue:
    """A queue: how it is filled, how many jobs are left, what its clients run, the most it can do a second."""

    title: str
    fill: Callable[[int], None]
    left: Callable[[], int]
    script: str
    callers: list[Claims]
    most: int
    most_in_batches: int


@dataclass(frozen=True)
class Case:
    """One column of the table."""

    title: str
    clients: int
    batch: int = 1
    is_synchronous: bool = True


CASES = (
    Case("1 client", 1),
    Case("8 clients", 8),
    Case("8, by 10", 8, batch=10),
    Case("8, by 100", 8, batch=100),
    Case("1 client, commits not awaited", 1, is_synchronous=False),
    Case("8 clients, commits not awaited", 8, is_synchronous=False),
)


def run(stack: BenchStack, *, rounds: int, seconds: float, pgmq_sql: Path | None, with_peers: bool) -> None:
    """Every case, each in rounds of all queues in turn; the ratio is to the bare queue with leases."""
    installed = peers.install() if with_peers else None
    pgmq_sql = pgmq_sql or (installed.pgmq_sql if installed else None)
    with psycopg.connect(stack.superuser_dsn, autocommit=True) as connection:
        workload.mute_emulator(connection, is_muted=True)
        try:
            tenant = workload.make_tenant(connection, robots=CLIENTS)
            quiet = workload.make_tenant(connection, robots=CLIENTS)
            workload.push(connection, quiet, is_on=False)
            limited = workload.make_tenant(connection, robots=CLIENTS)
            workload.limit(connection, limited, "tenant")
            both = workload.make_tenant(connection, robots=CLIENTS)
            workload.limit(connection, both, "tenant")
            workload.limit(connection, both, "workflow")
            tenants = {
                "casare_cloud": tenant,
                "casare_cloud, pushes off": quiet,
                "casare_cloud, a limit of the tenant": limited,
                "casare_cloud, limits of tenant and workflow": both,
            }
            queues = _queues(connection, tenants, pgmq_sql)
            _cycles(stack.superuser_dsn, queues, rounds, seconds)
            _claim_times(stack.superuser_dsn, connection, tenant, rounds)
            if installed:
                peers.run(stack.superuser_dsn, connection, installed, rounds=rounds, seconds=seconds)
        finally:
            workload.mute_emulator(connection, is_muted=False)


def _queues(connection: Connection, tenants: dict[str, Tenant], pgmq_sql: Path | None) -> list[Queue]:
    nobody = [NOBODY] * CLIENTS
    queues = [
        Queue(
            "bare: update, update",
            partial(workload.refill_bare, connection),
            partial(workload.count_bare, connection),
            "bare",
            nobody,
            15000,
            80000,
        ),
        Queue(
            "bare with leases",
            partial(workload.refill_lease, connection),
            partial(workload.count_lease, connection),
            "lease",
            nobody,
            17000,
            120000,
        ),
    ]
    if pgmq_sql:
        connection.execute(pgmq_sql.read_text().replace("@extschema@", "pgmq").encode())
        queues.append(
            Queue(
                "pgmq: read, delete",
                partial(workload.refill_pgmq, connection),
                partial(workload.count_pgmq, connection),
                "pgmq",
                nobody,
                7000,
                60000,
            )
        )
    for title, each in tenants.items():
        fill, left = partial(workload.top_up, connection, each), partial(workload.count_unfinished, connection, each)
        queues.append(Queue(title, fill, left, "product", each.robots, 6000, 20000))
    return queues


def _cycles(dsn: str, queues: list[Queue], rounds: int, seconds: float) -> None:
    rates: dict[tuple[str, str], list[float]] = {}
    for case in CASES:
        for number in range(rounds):
            progress(f"queue: {case.title}, round {number + 1} of {rounds}")
            for queue in queues:
                queue.fill(
                    round((queue.most if case.batch == 1 else queue.most_in_batches) * (seconds + WARM_UP_SECONDS))
                )
                before = queue.left()
                clients = Clients(
                    dsn,
                    _script(queue, case),
                    seconds,
                    queue.callers[: case.clients],
                    is_synchronous=case.is_synchronous,
                )
                runs_a_second = clients.rate()
                # What was really done: a claim for several that meets others may get fewer jobs, or none.
                jobs_a_run = (before - queue.left()) / clients.runs
                rates.setdefault((queue.title, case.title), []).append(runs_a_second * jobs_a_run)
    medians = {key: median(values) for key, values in rates.items()}
    table(
        "Claim + complete, jobs per second (and ratio to the bare queue with leases)",
        ("queue", *(case.title for case in CASES)),
        [
            (
                queue.title,
                *(
                    f"{medians[queue.title, case.title]:,.0f}"
                    f" ({medians[queue.title, case.title] / medians['bare with leases', case.title]:.2f})"
                    for case in CASES
                ),
            )
            for queue in queues
        ],
    )


def _script(queue: Queue, case: Case) -> Script:
    if queue.script == "product":  # whose claims may come back empty beside others: it does not fail then
        return Script("batch", (f"batch={case.batch}",)) if case.batch > 1 else Script("counted_cycle")
    if case.batch == 1:
        return Script(f"{queue.script}_cycle")
    return Script(f"{queue.script}_batch", (f"batch={case.batch}",))


def _claim_times(dsn: str, connection: Connection, tenant: Tenant, rounds: int) -> None:
    """How long one claim takes its caller, with one client."""
    claims = {
        "bare with leases": (NOBODY, *_statements("lease_cycle")),
        "casare_cloud": (tenant.robots[0], *_statements("cycle")),
    }
    times: dict[str, list[float]] = {name: [] for name in claims}
    for _ in range(rounds):
        workload.refill_lease(connection, 2000)
        workload.top_up(connection, tenant, 2000)
        for name, (caller, claim, complete) in claims.items():
            times[name] += _time_claims(dsn, caller, claim, complete, 500)
    table(
        "One claim, one client, milliseconds",
        ("queue", "p50", "p99"),
        [(name, *(percentile(values, percent) * 1000 for percent in (50, 99))) for name, values in times.items()],
    )


def _time_claims(dsn: str, caller: Claims, claim: str, complete: str, count: int) -> list[float]:
    times = []
    with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as client:
        if caller:
            client.execute("select set_config('request.jwt.claims', %s, false)", [json.dumps(caller)])
            client.execute("set role authenticated")
        for number in range(count + 20):
            began = time.perf_counter()
            row = client.execute(claim.encode()).fetchone()
            taken = time.perf_counter() - began
            assert row is not None
            client.execute(complete.encode(), row)
            if number >= 20:  # the first ones make plans
                times.append(taken)
    return times


def _statements(script: str) -> tuple[str, str]:
    """The claim of a script, and its completion with a placeholder for each variable."""
    claim, complete = (SQL / f"{script}.pgbench").read_text().strip().split("\n")
    return claim.removesuffix("\\gset"), re.sub(r"(?<!:):[a-z_]+", "%s", complete)
