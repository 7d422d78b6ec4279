"""Metrics: the fleet, its robots, its jobs, and what happened (documents 000 and 002, "Metrics Endpoints").

`?schema=1` asks for document 000's meaning where it differs from the newer document 002.
"""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from casare_cloud.domain.dead_letters import service as dead_letters
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter as JobFilter
from casare_cloud.domain.metrics import service
from casare_cloud.domain.metrics.model import SeriesInterval
from casare_cloud.domain.robots import service as robots
from casare_cloud.faces.kit.fields import Moment, Timezone
from casare_cloud.faces.kit.routing import Route, Tx
from casare_cloud.faces.orchestrator.casare.shapes import TimeRange, fleet_aliases, hours_of
from casare_cloud.faces.orchestrator.fields import JobId, RobotId, RobotName
from casare_cloud.faces.orchestrator.jobs.shapes import JobSummary
from casare_cloud.faces.orchestrator.jobs.words import FilterWord, states_of
from casare_cloud.faces.orchestrator.metrics.series import Measurements, RobotSeries, Series
from casare_cloud.faces.orchestrator.metrics.shapes import (
    ActivityList,
    ActivityWord,
    AnalyticsAnswer,
    FleetAnswer,
    JobMetricsAnswer,
    RobotMetricsAnswer,
    RobotMetricsDetail,
    types_of,
)
from casare_cloud.faces.orchestrator.refusals import refusals
from casare_cloud.faces.orchestrator.robots.words import RobotFilterWord, filter_of

router = APIRouter(prefix="/metrics", tags=["metrics"], route_class=Route)

MOST_ROBOTS = 1000

Schema = Annotated[Literal["1", "2"], Query(description="1: as document 000 has it; 2: as document 002 has it.")]


@router.get("/fleet", responses=refusals(), response_model_exclude_none=True)
async def get_fleet_metrics(
    tx: Tx,
    schema: Schema = "2",
    time_range: Annotated[
        TimeRange | None,
        Query(description="For CasareRPA's dashboard: how the jobs of that time ended, too; from a full hour on."),
    ] = None,
) -> FleetAnswer:
    """The fleet at this moment: robots by state, jobs in hand and waiting, the day so far. Needs analytics.read, and
    with `time_range` jobs.read."""
    fleet = await service.get_fleet(tx)
    if time_range is None:
        return FleetAnswer.of(fleet, schema == "1")
    analytics = await service.get_analytics_of_hours(tx, hours_of(time_range))
    aliases = fleet_aliases(fleet, analytics, (await dead_letters.count(tx)).open)
    return FleetAnswer.of(fleet, schema == "1", aliases)


@router.get("/robots", responses=refusals())
async def list_robot_metrics(
    tx: Tx,
    status: Annotated[
        RobotFilterWord | None, Query(description="Only robots in this state; `online`: not offline.")
    ] = None,
) -> list[RobotMetricsAnswer]:
    """The robots, at most 1,000 by their external ids, with what each last measured. Needs robots.read; a robot's key
    shows the robot."""
    return [RobotMetricsAnswer.of(robot) for robot in await robots.list_seen(tx, filter_of(status), MOST_ROBOTS)]


@router.get("/robots/{robot_id}", responses=refusals(404))
async def get_robot_metrics(robot_id: RobotId, tx: Tx) -> RobotMetricsDetail:
    """A robot, what it last measured, and its jobs of today. Needs robots.read and analytics.read.

    A robot's key sees its own robot; any other, and one that is not registered yet, is 404 for it.
    """
    return RobotMetricsDetail.with_today(await service.get_robot(tx, robot_id))


@router.get("/jobs", responses=refusals())
async def list_job_metrics(
    tx: Tx,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    status: Annotated[
        FilterWord | None,
        Query(description="`claimed`, also `assigned`, matches claimed and running, `failed` failed and timeout."),
    ] = None,
    workflow_id: Annotated[UUID | None, Query()] = None,
    robot_id: Annotated[RobotName | None, Query(description="External id or UUID.")] = None,
) -> list[JobSummary]:
    """The newest jobs, without inputs and results. `GET /jobs` has pages. Needs jobs.read."""
    found, _, _ = await jobs.list_page(tx, JobFilter(states_of(status), workflow_id, robot_id), limit, 0)
    return [JobSummary.of(job) for job in found]


@router.get("/jobs/{job_id}", responses=refusals(404))
async def get_job_metrics(job_id: JobId, tx: Tx) -> JobMetricsAnswer:
    """A job with the nodes of its newest attempt, if its robot reported them. Needs jobs.read."""
    return JobMetricsAnswer.with_nodes(await service.get_job(tx, job_id))


@router.get("/analytics", responses=refusals())
async def get_analytics(tx: Tx, days: Annotated[int, Query(ge=1, le=90)] = 7, schema: Schema = "2") -> AnalyticsAnswer:
    """How the jobs of the last `days` times 24 hours ended: rates, durations, errors, the slowest workflows.

    Answered from hourly and daily sums, however many jobs there were. Needs analytics.read.
    """
    return AnalyticsAnswer.of(await service.get_analytics(tx, days), schema == "1")


Count = Annotated[
    int | None,
    Query(ge=1, le=1440, description="How many, the running one included: 60 minutes, 24 hours or 30 days by default."),
]
Zone = Annotated[Timezone | None, Query()]


@router.get("/series", responses=refusals())
async def get_series(tx: Tx, interval: SeriesInterval = "hour", count: Count = None, timezone: Zone = None) -> Series:
    """How many jobs began and how they ended in each of the last minutes, hours or days, zeros included.

    At most 1,440 minutes, 744 hours or 90 days. Minutes and hours are those of UTC, days those of `timezone`; where its
    midnight is no full hour of UTC, a day begins with the full hour before. Read from sums, however many jobs there
    were. Needs analytics.read.
    """
    return Series.of(interval, await service.get_series(tx, interval, count, timezone))


@router.get("/robots/{robot_id}/series", responses=refusals(404))
async def get_robot_series(
    robot_id: RobotId,
    tx: Tx,
    interval: Annotated[
        SeriesInterval, Query(description="hour or day; minutes are kept of the tenant only.")
    ] = "hour",
    count: Count = None,
    timezone: Zone = None,
) -> RobotSeries:
    """How the jobs that a robot had ended in each of the last hours (744 at most) or days (90), zeros included.

    Needs robots.read and analytics.read; a robot's key sees its own robot.
    """
    return RobotSeries.of(interval, await service.get_series(tx, interval, count, timezone, robot_id))


@router.get("/robots/{robot_id}/measurements", responses=refusals(404))
async def get_robot_measurements(
    robot_id: RobotId,
    tx: Tx,
    since: Annotated[Moment | None, Query(description="Default: 24 hours before `until`.")] = None,
    until: Annotated[Moment | None, Query(description="Default: now.")] = None,
    step_minutes: Annotated[
        int | None,
        Query(
            ge=5,
            le=1440,
            description="A multiple of 5 that divides a day. Default: the first of 5, 15, 60 and 240 that makes about "
            "300 steps or fewer.",
        ),
    ] = None,
) -> Measurements:
    """What the robot's heartbeats said of its machine: average and highest of each step, nulls where none said it.

    At most 31 days and 2,100 steps, cut by UTC; kept as long as the tenant keeps `robot_measurements` (7 or 30 days by
    plan). A figure that is no number from 0 to 100, of megabytes to a billion, is not in it. Needs robots.read; a
    robot's key sees its own robot.
    """
    return Measurements.of(await service.get_measurements(tx, robot_id, since, until, step_minutes))


@router.get("/activity", responses=refusals())
async def list_activity(
    tx: Tx,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    since: Annotated[
        Moment | None, Query(description="The next events after this time: the newest `timestamp` that was read.")
    ] = None,
    event_type: Annotated[ActivityWord | None, Query(description="Only events of this type.")] = None,
) -> ActivityList:
    """What happened lately, the newest first: the last `limit` events or, with `since`, the next ones after that time.

    Asking again with the newest `timestamp` that was read, until fewer than `limit` come, misses and repeats nothing:
    no two events have the same, and what was committed late stands behind what was told before. Needs events.read.
    """
    return ActivityList.of(await service.list_activity(tx, types_of(event_type), since, limit))


@router.get("/prometheus", response_class=Response, responses={**refusals(), 200: {"content": {"text/plain": {}}}})
async def get_prometheus_metrics(
    tx: Tx,
    environment: Annotated[
        str, Query(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="The label `environment` of every figure.")
    ] = "development",
) -> Response:
    """The caller's tenant in the exposition format of Prometheus.

    Needs analytics.read, so a scraper sends a service key with that scope as its bearer token.
    """
    from casare_cloud.faces.orchestrator.metrics import prometheus

    return Response(prometheus.render(await service.get_fleet(tx), environment), media_type=prometheus.CONTENT_TYPE)
