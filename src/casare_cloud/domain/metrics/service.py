"""Reads metrics of the fleet. Pending events are counted first, so that an answer includes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from casare_cloud.database import Transaction
from casare_cloud.domain.events import queries as event_queries
from casare_cloud.domain.events.model import Event
from casare_cloud.domain.job_reports import service as job_reports
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.metrics import queries
from casare_cloud.domain.metrics.model import (
    ACTIVITY_TYPES,
    Act,
    Activity,
    ActivityType,
    Analytics,
    Definitions,
    Fleet,
    JobMetrics,
    Measurement,
    Outcomes,
    Period,
    QueueDepth,
    RobotMetrics,
    SeriesInterval,
    SeriesPoint,
    SlowWorkflow,
    TimelineInterval,
    Totals,
    WorkflowPerformance,
)
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.robots.model import RobotState
from casare_cloud.domain.rows import split_page


async def get_fleet(tx: Transaction) -> Fleet:
    """The fleet at this moment. Needs analytics.read."""
    answer: dict[str, Any] = await tx.fetch_value(queries.GET_FLEET)
    ever = dict(answer.pop("total") or {})
    durations = [(float(duration), int(times)) for duration, times in ever.pop("durations", [])]
    states = {RobotState(**state): robots for state in answer["robots"] for robots in [state.pop("robots")]}
    changed = {"robots": states, "today": Outcomes(**answer["today"])}
    return Fleet(**{**answer, **changed}, ever=Totals(Outcomes(**ever), durations))


async def get_queue_depth(tx: Transaction) -> QueueDepth:
    """How many jobs wait and run at this moment. Needs analytics.read."""
    return QueueDepth(**await tx.fetch_value(queries.GET_QUEUE_DEPTH))


async def get_robot(tx: Transaction, robot: str) -> RobotMetrics:
    """A robot and its jobs of today; `RobotNotFound`. Needs robots.read and analytics.read, but for a robot itself."""
    found = await robots.get_seen(tx, robot)
    answer = await tx.fetch_value(queries.GET_ROBOT_TODAY, {"robot_id": found.robot_id})
    return RobotMetrics(found, Outcomes(**answer))


async def get_job(tx: Transaction, job_id: UUID) -> JobMetrics:
    """A job and its node executions; `JobNotFound`. Needs jobs.read."""
    job = await jobs.get(tx, job_id)
    return JobMetrics(job, await job_reports.list_last_node_executions(tx, job_id))


async def get_analytics(tx: Transaction, days: int) -> Analytics:
    """How the jobs of the last `days` (1 to 90) times 24 hours ended, from a full hour on. Needs analytics.read."""
    return await get_analytics_of_hours(tx, 24 * days)


async def get_analytics_of_hours(tx: Transaction, hours: int) -> Analytics:
    """How the jobs of the last `hours` (1 to 2160) ended, from a full hour on. Needs analytics.read."""
    answer: dict[str, Any] = await tx.fetch_value(queries.GET_ANALYTICS, {"hours": hours})
    names = ("completed", "failed", "timed_out", "cancelled", "duration_ms_sum")
    return Analytics(
        days=-(-hours // 24),
        since=datetime.fromisoformat(answer["since"]),
        outcomes=Outcomes(**{name: answer[name] for name in names}),
        **{f"{name}_duration_ms": answer["percentiles"][name] for name in ("p50", "p90", "p99")},
        slowest_workflows=[
            SlowWorkflow(**{**item, "workflow_id": UUID(item["workflow_id"])}) for item in answer["slowest_workflows"]
        ],
        error_counts={item["error_type"]: item["count"] for item in answer["error_counts"]},
        healed=answer["healed"],
        not_healed=answer["not_healed"],
    )


async def get_timeline(tx: Transaction, days: int, interval: TimelineInterval) -> list[Period]:
    """How jobs ended in each hour, day or week of the last `days` (1 to 365); quiet ones too. Needs analytics.read."""
    rows = await tx.fetch_all(queries.GET_TIMELINE, {"days": days, "interval": interval})
    return [Period(row.pop("starts_at"), Outcomes(**row)) for row in rows]


async def get_series(
    tx: Transaction, interval: SeriesInterval, count: int | None, timezone: str | None, robot: str | None = None
) -> list[SeriesPoint]:
    """How jobs began and ended in each of the last minutes, hours or days, the running one included; zeros are there.

    Of the tenant (needs analytics.read) or of a robot (`RobotNotFound`; needs robots.read, too, but for a robot
    itself). Days are those of `timezone`, by default the tenant's; the defaults of `count` and its bounds are the
    database's.
    """
    robot_id = None if robot is None else (await robots.get_seen(tx, robot)).robot_id
    asked = {"interval": interval, "count": count, "timezone": timezone, "robot_id": robot_id}
    rows = await tx.fetch_all(queries.GET_SERIES, asked)
    names = ("completed", "failed", "timed_out", "cancelled", "duration_ms_sum")
    return [SeriesPoint(**row, outcomes=outcomes) for row, outcomes in (_parted(row, names) for row in rows)]


async def get_measurements(
    tx: Transaction, robot: str, since: datetime | None, until: datetime | None, step_minutes: int | None
) -> list[Measurement]:
    """What a robot's heartbeats said of its machine in each step from `since` to `until`, gaps included.

    The defaults and bounds are the database's. `RobotNotFound`. Needs robots.read; a robot sees itself.
    """
    found = await robots.get_seen(tx, robot)
    asked = {"robot_id": found.robot_id, "since": since, "until": until, "step_minutes": step_minutes}
    return [Measurement(**row) for row in await tx.fetch_all(queries.GET_MEASUREMENTS, asked)]


async def get_performance(tx: Transaction, days: int, limit: int) -> list[WorkflowPerformance]:
    """How the jobs of each workflow ended in the last `days` (1 to 365), the busiest first. Needs analytics.read."""
    rows = await tx.fetch_all(queries.GET_PERFORMANCE, {"days": days, "limit": limit})
    names = ("completed", "failed", "timed_out", "cancelled", "duration_ms_sum")
    return [WorkflowPerformance(**row, outcomes=outcomes) for row, outcomes in (_parted(row, names) for row in rows)]


async def count_running(tx: Transaction) -> dict[UUID, int]:
    """How many jobs of each workflow robots have in hand, counted up to 10,000. Needs jobs.read."""
    return {row["workflow_id"]: row["running"] for row in await tx.fetch_all(queries.COUNT_RUNNING)}


async def count_definitions(tx: Transaction) -> Definitions:
    """How many workflows and schedules there are. Needs workflows.read and schedules.read."""
    row = await tx.fetch_one(queries.COUNT_DEFINITIONS)
    assert row is not None
    return Definitions(**row)


async def list_acts(
    tx: Transaction, days: int, limit: int, actor_id: UUID | None = None, kinds: Sequence[str] | None = None
) -> list[Act]:
    """What was done in the last `days` (1 to 90), the newest first. Needs events.read; changes need audit.read."""
    wanted = {"days": days, "limit": limit, "actor_id": actor_id, "kinds": None if kinds is None else list(kinds)}
    return [Act(**row) for row in await tx.fetch_all(queries.LIST_ACTS, wanted)]


def _parted(row: dict[str, Any], names: Sequence[str]) -> tuple[dict[str, Any], Outcomes]:
    return {k: v for k, v in row.items() if k not in names}, Outcomes(**{name: row[name] for name in names})


async def list_activity(
    tx: Transaction, types: Sequence[ActivityType] | None, since: datetime | None, limit: int
) -> tuple[list[Activity], int]:
    """(events of these types, the newest first; how many there are, counted up to 10,000). Needs events.read.

    The newest `limit`, or with `since` the next `limit` after it. An event has a later time than each event
    before it in the feed, so that asking again with the newest one that was read misses and repeats nothing.
    """
    await tx.execute(event_queries.NUMBER_EVENTS)
    rows = await tx.fetch_all(
        queries.LIST_ACTIVITY if since is None else queries.LIST_ACTIVITY_SINCE,
        {"types": list(types or ACTIVITY_TYPES), "since": since, "limit": limit},
    )
    items, total = split_page(rows, "seq")
    return [Activity(robot=item.pop("robot"), event=Event(**item)) for item in items], total
