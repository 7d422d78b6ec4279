"""Shapes of how jobs began and ended over time."""

from typing import Annotated, Any

from pydantic import Field

from casare_cloud.domain.metrics.model import SeriesInterval, SeriesPoint
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


def _point(point: SeriesPoint) -> dict[str, Any]:
    ended = point.outcomes
    return {
        **{name: getattr(ended, name) for name in RobotPoint.model_fields if name != "starts_at"},
        "starts_at": point.starts_at,
        "created": point.created,
        "unfinished": point.unfinished,
    }
