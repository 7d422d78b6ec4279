"""What the queue loses when something stands in its way; every figure beside the same queue with nothing in its way.

Commits are not awaited here: the disk's moods are greater than the losses that are looked for.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import psycopg

from bench import workload
from bench.pgbench import NOBODY, WARM_UP_SECONDS, Claims, Clients, Script
from bench.report import median, progress, table
from bench.stack import BenchStack
from bench.workload import Connection, Tenant

SECTIONS = ("blockers", "snapshot", "backlog")
BLOCKERS = {
    "capability": "that need another capability",
    "future": "for tomorrow",
    "robot": "for another robot",
    "limit": "whose limit is reached",
}
CYCLE = Script("cycle")
BASELINE = Script("lease_cycle")
JOBS_A_SECOND = 4000  # more than the product can do with these clients
BASELINE_JOBS_A_SECOND = 15000


def run(
    stack: BenchStack, wanted: Collection[str], *, rounds: int, seconds: float, scale: float, snapshot_seconds: int
) -> None:
    """Those of SECTIONS that are wanted."""
    dsn = stack.superuser_dsn
    with psycopg.connect(dsn, autocommit=True) as connection:
        workload.mute_emulator(connection, is_muted=True)
        try:
            if "blockers" in wanted:
                progress("blockers: head of line")
                _blockers(dsn, connection, rounds, seconds, round(100_000 * scale))
                progress("blockers: empty polls")
                _empty_polls(dsn, connection, rounds, seconds)
            if "snapshot" in wanted:
                progress("snapshot")
                _snapshot(dsn, connection, snapshot_seconds)
            if "backlog" in wanted:  # last: the others must not have it beside them
                progress("backlog")
                _backlog(dsn, connection, rounds, seconds, scale)
        finally:
            workload.mute_emulator(connection, is_muted=False)


def _blockers(dsn: str, connection: Connection, rounds: int, seconds: float, count: int) -> None:
    """Jobs of the best priority that the robots may not have, each kind before the ordinary jobs of a tenant."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    tenants = {name: workload.make_tenant(connection, robots=2) for name in ("none", *BLOCKERS)}
    stranger = workload.make_robot(connection, tenants["robot"].tenant_id, [])
    kinds: dict[str, dict[str, object]] = {
        "capability": {"required_capabilities": ["sap"]},
        "future": {"run_at": tomorrow},
        "robot": {"robot_id": str(stranger["sub"])},
        "limit": {"concurrency_key": "full"},
    }
    workload.block(connection, tenants["limit"], "full")
    for name, demand in kinds.items():
        workload.enqueue(connection, tenants[name], count, priority=0, **demand)
    blocked = {name: workload.count_ready(connection, tenant) for name, tenant in tenants.items()}
    rates: dict[str, list[float]] = {name: [] for name in tenants}
    for _ in range(rounds):
        for name, tenant in tenants.items():
            workload.top_up(connection, tenant, blocked[name] + round(JOBS_A_SECOND * (seconds + 1 + WARM_UP_SECONDS)))
            rates[name].append(_clients(dsn, CYCLE, seconds, tenant.robots).rate())
    titles = {"none": "nothing in front", **{name: f"{count:,} {what}" for name, what in BLOCKERS.items()}}
    base = median(rates["none"])
    table(
        "Head of line: better jobs that the robots may not have, 2 clients",
        ("in front", "jobs/s", "ratio"),
        [(title, median(rates[name]), median(rates[name]) / base) for name, title in titles.items()],
    )


def _empty_polls(dsn: str, connection: Connection, rounds: int, seconds: float, polls: int = 1000) -> None:
    """The cycle while robots of another tenant ask for work and find none."""
    tenant = workload.make_tenant(connection, robots=8)
    idle = workload.make_tenant(connection, robots=4)
    rates: dict[str, list[float]] = {"alone": [], "beside": [], "polls": []}
    for _ in range(rounds):
        _top_up(connection, tenant, seconds)
        rates["alone"].append(_clients(dsn, CYCLE, seconds, tenant.robots).rate())
        _top_up(connection, tenant, seconds)
        pollers = _clients(dsn, Script("empty_poll"), seconds, idle.robots, each_per_second=polls // len(idle.robots))
        rates["beside"].append(_clients(dsn, CYCLE, seconds, tenant.robots).rate())
        rates["polls"].append(pollers.rate())
    base = median(rates["alone"])
    table(
        "Empty polls, 8 clients",
        ("beside", "jobs/s", "ratio"),
        [
            ("nothing", base, 1.0),
            (f"{median(rates['polls']):,.0f} empty polls/s", median(rates["beside"]), median(rates["beside"]) / base),
        ],
    )


def _snapshot(dsn: str, connection: Connection, seconds: int) -> None:
    """Windows of the cycle under a steady supply: before, and while somebody's snapshot keeps every dead row alive."""
    free, limited = (workload.make_tenant(connection, robots=8) for _ in range(2))
    workload.limit(connection, limited, "tenant")
    rows: list[tuple[str, float, float]] = []
    # The others no longer than it takes to see what they lose.
    for title, script, tenant, most, held_for in (
        ("casare_cloud", CYCLE, free, JOBS_A_SECOND, seconds),
        ("casare_cloud, a limit of the tenant", CYCLE, limited, JOBS_A_SECOND, min(seconds, 60)),
        ("bare with leases", BASELINE, None, BASELINE_JOBS_A_SECOND, min(seconds, 60)),
    ):
        window = max(5.0, held_for / 6)
        if tenant:
            callers, put = tenant.robots, _putter(tenant)
            workload.top_up(connection, tenant, most * 8)
        else:
            callers, put = [NOBODY] * 8, workload.add_lease
            workload.refill_lease(connection, most * 8)
        rate = _clients(dsn, script, 5, callers).rate()
        put(connection, round(rate * window * 8))  # the supply may fall behind where the cores are full
        with _Supply(dsn, put, rate):
            before = _clients(dsn, script, window, callers).rate()
            held = []
            with psycopg.connect(dsn) as holder:
                holder.execute("set transaction isolation level repeatable read")
                holder.execute("select count(*) from pg_catalog.pg_class")
                for number in range(6):
                    held.append(_clients(dsn, script, window, callers).rate())
                    progress(f"snapshot: {title}, held for {window * (number + 1):.0f} s: {held[-1] / before:.2f}")
        rows.append((f"{title}: before", before, 1.0))
        rows += [
            (f"{title}: held for {window * number:.0f} s", rate, rate / before)
            for number, rate in enumerate(held, 1)
            if number in (1, 3, 6)
        ]
    table("A snapshot held open, 8 clients", ("queue", "jobs/s", "ratio to before"), rows)


def _putter(tenant: Tenant) -> Callable[[Connection, int], None]:
    return lambda connection, count: workload.enqueue(connection, tenant, count)


class _Supply:
    """Puts jobs in at a steady rate, from a session of its own, as long as the `with` lasts.

    It goes by the clock and not by what is left: counting would read all rows that the snapshot keeps, and would itself
    be the load that grows.
    """

    def __init__(self, dsn: str, put: Callable[[Connection, int], None], jobs_a_second: float) -> None:
        self._dsn, self._put, self._jobs_a_second = dsn, put, jobs_a_second
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _work(self) -> None:
        began, done = time.monotonic(), 0
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._is_over.wait(0.25):
                due = round(self._jobs_a_second * (time.monotonic() - began)) - done
                count = min(due, round(self._jobs_a_second))
                if count > 0:
                    self._put(connection, count)
                    done += count


def _backlog(dsn: str, connection: Connection, rounds: int, seconds: float, scale: float) -> None:
    """A small queue, then a great one with history and many tenants; the baseline shows the machine's mood."""
    tenants = [workload.make_tenant(connection, robots=1) for _ in range(2)]
    waiting, finished, others = round(1_000_000 * scale), round(1_000_000 * scale), max(10, round(1000 * scale))

    def measure() -> tuple[float, float]:
        ours, base = [], []
        for _ in range(rounds):
            workload.refill_lease(connection, round(BASELINE_JOBS_A_SECOND * (seconds + WARM_UP_SECONDS)))
            base.append(_clients(dsn, BASELINE, seconds, [NOBODY] * 2).rate())
            for tenant in tenants:
                _top_up(connection, tenant, seconds)
            ours.append(_clients(dsn, CYCLE, seconds, [tenant.robots[0] for tenant in tenants]).rate())
        return median(ours), median(base)

    small = measure()
    began = time.perf_counter()
    workload.grow(connection, tenants=others, waiting=waiting, finished=finished)
    took = time.perf_counter() - began
    great = measure()
    table(
        f"Backlog, history and tenants, 2 clients (filled in {took:.0f} s)",
        ("state", "jobs/s", "bare with leases", "ratio to it", "ratio of ratios"),
        [
            ("small", *small, small[0] / small[1], 1.0),
            (
                f"{waiting:,} waiting, {finished:,} finished, {others:,} tenants more",
                *great,
                great[0] / great[1],
                great[0] / great[1] / (small[0] / small[1]),
            ),
        ],
    )


def _clients(
    dsn: str, script: Script, seconds: float, callers: Sequence[Claims], each_per_second: int | None = None
) -> Clients:
    return Clients(dsn, script, seconds, callers, is_synchronous=False, each_per_second=each_per_second)


def _top_up(connection: Connection, tenant: Tenant, seconds: float) -> None:
    workload.top_up(connection, tenant, round(JOBS_A_SECOND * (seconds + 1 + WARM_UP_SECONDS)))
