"""What questions about a long past cost: millions of finished jobs over 90 days, and every metric and list asked."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg

from bench import past
from bench.questions import Asker, in_full, in_short, questions
from bench.report import median, percentile, progress, table
from bench.stack import BenchStack

ROUNDS = 20
IN_FULL = ("fleet", "analytics, 90 days", "jobs, page 1", "jobs, page 1,000", "activity")
SHOWN = ("job_rollups", "jobs", "events", "ready", "leases", "scheduled")


def run(stack: BenchStack, *, scale: float) -> None:
    """Load the past, then ask each question 20 times."""
    progress("history: loading")
    with psycopg.connect(stack.superuser_dsn, autocommit=True) as connection:
        loaded = past.load(connection, round(1_000_000 * scale))
        row = connection.execute(
            "select external_id from public.robots where robot_id = %s", [loaded.tenant.robots[0]["sub"]]
        ).fetchone()
        assert row is not None
    asker = Asker(stack.superuser_dsn, loaded.tenant.admin)
    asked = questions(UUID(loaded.tenant.workflow_id), row[0], datetime.now(UTC))
    rows: list[tuple[object, ...]] = []
    plans: list[tuple[str, str]] = []
    trees: list[tuple[str, str]] = []
    for name, question in asked.items():
        progress(f"history: {name}")
        asker.answer(question)
        costs = [asker.cost(question) for _ in range(ROUNDS)]
        answers = [asker.time(question) for _ in range(ROUNDS)]
        rows.append((name, median(costs), percentile(costs, 99), median(answers), percentile(answers, 99)))
        ran = [plan for _, plan in asker.plans(question) if any(word in in_short(plan) for word in SHOWN)]
        if name in IN_FULL:
            trees += [(name, in_full(plan)) for plan in ran]
        shorts = [in_short(plan) for plan in ran]
        plans += [(name, short) for short in dict.fromkeys(shorts)]
    asker.connection.close()
    table(
        f"History: {loaded.its_jobs:,} jobs of the tenant that asks, {loaded.jobs:,} of {past.TENANTS} tenants, "
        f"{loaded.events:,} events (loaded in {loaded.seconds:.0f} s)",
        ("question", "server p50 ms", "p99 ms", "answer p50 ms", "p99 ms"),
        rows,
    )
    table("What the statements read", ("question", "plan, in short"), plans)
    for name, tree in trees:
        print(f"\n{name}\n\n```\n{tree}\n```", flush=True)
