"""What people ask of the past, sent as the product's services send it, and what it costs the database."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from bench.pgbench import Claims
from casare_cloud.database import Transaction
from casare_cloud.domain.events import service as events
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter
from casare_cloud.domain.metrics import service as metrics

Question = Callable[[Transaction], Awaitable[object]]
Plan = dict[str, Any]
PARTITION = re.compile(r"_(\d{4}w\d\d|default)\b|_(\d{4}w\d\d|default)(?=_)")
# The functions' login role has settings of its own, which its sessions have from their beginning.
AS_THE_FUNCTIONS = """
select set_config(split_part(c, '=', 1), substr(c, strpos(c, '=') + 1), false)
from pg_db_role_setting as s, unnest(s.setconfig) as c
where s.setrole = 'casare_functions'::regrole
"""


def list_jobs(page: int, **wanted: Any) -> Question:
    """A page of 100 of the jobs that a filter wants."""
    return lambda tx: jobs.list_page(tx, Filter(**wanted), 100, 100 * (page - 1))


def look_through(**wanted: Any) -> Question:
    """The next 100 of the jobs that a filter wants, by a cursor."""
    return lambda tx: jobs.look_through(tx, Filter(**wanted), 100)


def uuid_at(time: datetime) -> UUID:
    """The smallest UUID of version 7 of a time."""
    return UUID(int=int(time.timestamp() * 1000) << 80)


def questions(workflow_id: UUID, robot: str, now: datetime) -> dict[str, Question]:
    """Each question of the metrics and of the job history, by its name, about one workflow and one robot."""
    week = now - timedelta(days=40)
    return {
        "fleet": metrics.get_fleet,
        "a robot's day": lambda tx: metrics.get_robot(tx, robot),
        "analytics, 7 days": lambda tx: metrics.get_analytics(tx, 7),
        "analytics, 90 days": lambda tx: metrics.get_analytics(tx, 90),
        "series of a day's minutes": lambda tx: metrics.get_series(tx, "minute", 1440, None),
        "series of a month's hours": lambda tx: metrics.get_series(tx, "hour", 744, None),
        "series of 90 days": lambda tx: metrics.get_series(tx, "day", 90, "Europe/Berlin"),
        "series of 90 days of a robot": lambda tx: metrics.get_series(tx, "day", 90, None, robot),
        "a robot's machine, 31 days": lambda tx: metrics.get_measurements(tx, robot, now - timedelta(31), now, None),
        "reasons why jobs wait": jobs.list_waiting_reasons,
        "cursor of events": events.get_cursor,
        "jobs, page 1": list_jobs(1),
        "jobs, page 100": list_jobs(100),
        "jobs, page 1,000": list_jobs(1000),
        "jobs of a day, page 1": list_jobs(1, created_after=week, created_before=week + timedelta(days=1)),
        "completed jobs, page 1": list_jobs(1, statuses=["completed"]),
        "completed jobs, page 1,000": list_jobs(1000, statuses=["completed"]),
        "failed jobs, page 1": list_jobs(1, statuses=["failed", "timeout"]),
        "cancelled jobs, page 1": list_jobs(1, statuses=["cancelled"]),
        "waiting jobs, page 1": list_jobs(1, statuses=["queued"]),
        "jobs in hand, page 1": list_jobs(1, statuses=["claimed", "running"]),
        "jobs of a workflow, page 1": list_jobs(1, workflow_id=workflow_id),
        "jobs of a robot, page 1": list_jobs(1, robot=robot),
        "jobs with a text, page 1": look_through(search="timeout"),
        "jobs with a rare error, page 1": look_through(error_type="NONE_HAS_IT"),
        "jobs of 40 days ago, by cursor": look_through(before=uuid_at(week)),
        "waiting jobs with a text, page 1": look_through(statuses=["queued"], search="none has it"),
        "activity": lambda tx: metrics.list_activity(tx, None, None, 50),
        "activity, failed jobs of three weeks": lambda tx: metrics.list_activity(
            tx, ["job.failed"], now - timedelta(days=21), 200
        ),
    }


class Asker:
    """A session of a superuser that asks as a caller: the same statements, role, claims and policies as a request's."""

    def __init__(self, dsn: str, caller: Claims) -> None:
        self._caller = caller
        self._plans: list[tuple[str, Plan]] = []
        self.connection = psycopg.connect(dsn, autocommit=True, row_factory=dict_row, prepare_threshold=None)
        self.connection.execute("load 'auto_explain'")
        settings = {"log_nested_statements": "on", "log_analyze": "on", "log_format": "json", "log_level": "notice"}
        for name, value in settings.items():
            self.connection.execute("select set_config(%s, %s, false)", [f"auto_explain.{name}", value])
        self.connection.execute(AS_THE_FUNCTIONS)
        self.connection.add_notice_handler(self._take)

    def answer(self, question: Question) -> Any:
        """What the service makes of the rows."""
        return self._ask(question, _run)[0]

    def time(self, question: Question) -> float:
        """Milliseconds from sending the question's statements to having their rows."""
        return self._ask(question, _run)[1]

    def cost(self, question: Question) -> float:
        """Milliseconds that the server says it planned and worked on the question's statements."""
        return self._ask(question, _explain)[1]

    def plans(self, question: Question) -> list[tuple[str, Plan]]:
        """(text, plan) of every statement of a question, also of those that its functions run."""
        self._plans.clear()
        self._ask(question, _run, log="0")
        return self._plans.copy()

    def _ask(self, question: Question, run: "Run", log: str = "-1") -> tuple[Any, float]:
        with self.connection.transaction(force_rollback=True):
            self.connection.execute("select set_config('auto_explain.log_min_duration', %s, true)", [log])
            self.connection.execute("select set_config('request.jwt.claims', %s, true)", [json.dumps(self._caller)])
            self.connection.execute("set local role authenticated")
            tx = _Tx(self.connection, run)
            answer = asyncio.run(_wait(question(cast("Transaction", tx))))
            self.connection.execute("reset role; set local auto_explain.log_min_duration = -1")
        return answer, tx.milliseconds

    def _take(self, notice: psycopg.errors.Diagnostic) -> None:
        text = notice.message_primary or ""
        if "plan:" in text:
            plan = json.loads(text.split("plan:", 1)[1])
            self._plans.append((plan["Query Text"], plan["Plan"]))


Run = Callable[[psycopg.Connection[dict[str, Any]], str, dict[str, Any]], tuple[list[dict[str, Any]], float]]


class _Tx:
    """What services use of a transaction; keeps count of what the statements took."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]], run: Run) -> None:
        self._connection, self._run = connection, run
        self.milliseconds = 0.0

    async def fetch_all(self, query: str, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        values = {name: Jsonb(value) if isinstance(value, dict) else value for name, value in (params or {}).items()}
        rows, milliseconds = self._run(self._connection, query, values)
        self.milliseconds += milliseconds
        return rows

    async def fetch_one(self, query: str, params: dict[str, Any] | None = None) -> dict[str, Any] | None:
        rows = await self.fetch_all(query, params)
        return rows[0] if rows else None

    async def fetch_value(self, query: str, params: dict[str, Any] | None = None) -> Any:
        row = await self.fetch_one(query, params)
        return next(iter(row.values())) if row else None

    async def execute(self, query: str, params: dict[str, Any] | None = None) -> None:
        await self.fetch_all(query, params)


async def _wait(answer: Awaitable[object]) -> object:
    return await answer


def _run(
    connection: psycopg.Connection[dict[str, Any]], query: str, values: dict[str, Any]
) -> tuple[list[dict[str, Any]], float]:
    began = time.perf_counter()
    rows = connection.execute(query.encode(), values).fetchall()
    return rows, 1000 * (time.perf_counter() - began)


def _explain(
    connection: psycopg.Connection[dict[str, Any]], query: str, values: dict[str, Any]
) -> tuple[list[dict[str, Any]], float]:
    """The rows as well, for the service needs them."""
    row = connection.execute(f"explain (analyze, timing off, format json) {query}".encode(), values).fetchone()
    assert row is not None
    plan = row["QUERY PLAN"][0]
    return _run(connection, query, values)[0], plan["Planning Time"] + plan["Execution Time"]


def nodes(plan: Plan) -> Iterator[Plan]:
    """A plan's nodes, from the top."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def in_full(plan: Plan) -> str:
    """A plan as a tree of what ran, partitions and other nodes that are alike as one."""
    return "\n".join(_branches([plan], 0))


def _branches(alike: list[Plan], depth: int) -> Iterator[str]:
    rows = sum(node["Actual Rows"] * node["Actual Loops"] for node in alike)
    removed = sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in alike)
    yield (
        "  " * depth
        + _label(alike[0])
        + (f" ({len(alike)} of them)" if len(alike) > 1 else "")
        + f": {rows:,.0f} rows"
        + (f", {removed:,.0f} passed over" if removed else "")
    )
    groups: dict[str, list[Plan]] = {}
    for node in alike:
        for child in node.get("Plans", []):
            if child["Actual Loops"]:
                groups.setdefault(_label(child), []).append(child)
    for group in groups.values():
        yield from _branches(group, depth + 1)


def _label(node: Plan) -> str:
    relation, index = node.get("Relation Name"), node.get("Index Name")
    return PARTITION.sub(
        "", node["Node Type"] + (f" of {relation}" if relation else "") + (f" by {index}" if index else "")
    )


def in_short(plan: Plan) -> str:
    """The reads of a plan: what is read by which index, in how many partitions, and how many rows that gave."""
    rows: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for node in nodes(plan):
        if "Relation Name" in node and node["Actual Loops"]:
            read = _label(node)
            rows[read] += round(node["Actual Rows"] * node["Actual Loops"])
            parts[read] += 1
    return "; ".join(
        f"{read}: {count:,} rows" + (f" in {parts[read]} parts" if parts[read] > 1 else "")
        for read, count in rows.items()
    )
