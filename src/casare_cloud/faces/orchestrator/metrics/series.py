"""Shapes of how jobs began and ended over time, and of what robots measured of their machines."""

from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from casare_cloud.domain.metrics.model import Measurement, SeriesInterval, SeriesPoint
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.shapes import Answer, Time
from casare_cloud.faces.orchestrator.metrics import examples


class RobotPoint(Answer):
    """How the jobs of an hour or a day ended."""

    model_config = showing(examples.ROBOT_POINT)

    starts_at: Time
    completed: int
    failed: int
    timed_out: int
    cancelled: int
    average_duration_ms: Annotated[int, Field(description="Of those that completed; 0: none did.")]


class Point(RobotPoint):
    """How many jobs began in a minute, an hour or a day, and how others ended."""

    model_config = showing(examples.POINT)

    created: int
    unfinished: Annotated[int, Field(description="Jobs that waited or were in hand at its end, or are now.")]


class RobotSeries(Answer):
    """A robot's jobs over time, the oldest time first."""

    model_config = showing(examples.ROBOT_SERIES)

    interval: SeriesInterval
    points: list[RobotPoint]

    @classmethod
    def of(cls, interval: SeriesInterval, points: list[SeriesPoint]) -> "RobotSeries":
        """A series as the service gives it."""
        return cls(interval=interval, points=[RobotPoint(**_point(point)) for point in points])


class Series(Answer):
    """The tenant's jobs over time, the oldest time first."""

    model_config = showing(examples.SERIES)

    interval: SeriesInterval
    points: list[Point]

    @classmethod
    def of(cls, interval: SeriesInterval, points: list[SeriesPoint]) -> "Series":
        """A series as the service gives it."""
        return cls(interval=interval, points=[Point(**_point(point)) for point in points])


class Measured(Answer):
    """What a robot's heartbeats said of its machine in a step of time; null is what none said."""

    model_config = showing(examples.MEASURED)

    starts_at: Time
    cpu_percent: Annotated[float | None, Field(description="The average; `…_max`: the highest that a heartbeat said.")]
    cpu_percent_max: float | None
    memory_percent: float | None
    memory_percent_max: float | None
    memory_mb: float | None
    memory_mb_max: float | None
    disk_percent: float | None
    disk_percent_max: float | None


class Measurements(Answer):
    """A robot's machine over time, the oldest time first."""

    model_config = showing(examples.MEASUREMENTS)

    since: Annotated[Time, Field(description="Where the first step begins.")]
    until: Annotated[Time, Field(description="Where the last one ends, which may still run.")]
    step_minutes: int
    points: list[Measured]

    @classmethod
    def of(cls, steps: list[Measurement]) -> "Measurements":
        """What was measured, as the service gives it."""
        first, last = steps[0], steps[-1]
        return cls(
            since=first.starts_at,
            until=last.ends_at,
            step_minutes=(first.ends_at - first.starts_at) // timedelta(minutes=1),
            points=[Measured.model_validate(asdict(step), extra="ignore") for step in steps],
        )


def _point(point: SeriesPoint) -> dict[str, Any]:
    ended = point.outcomes
    return {
        **{name: getattr(ended, name) for name in RobotPoint.model_fields if name != "starts_at"},
        "starts_at": point.starts_at,
        "created": point.created,
        "unfinished": point.unfinished,
    }
