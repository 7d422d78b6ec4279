"""Shapes of the schedule endpoints (documents 000 and 002, "Schedule Endpoints"; api-map §3)."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from casare_cloud.domain.schedules.model import Fire, FireOutcome, NewSchedule, Run, Schedule, Verdict
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import CronExpression, Flag, Input, Integer, Moment, Name, Timezone
from casare_cloud.faces.kit.shapes import Answer, Body, OpenBody, Time, Warnings
from casare_cloud.faces.orchestrator.fields import Environment, ExecutionMode, Priority
from casare_cloud.faces.orchestrator.schedules import examples


class CreateScheduleBody(OpenBody):
    """A schedule to make."""

    model_config = showing(examples.CREATE_SCHEDULE)

    workflow_id: UUID
    schedule_name: Name
    cron_expression: CronExpression
    timezone: Timezone | None = None
    enabled: Flag = True
    priority: Priority = 10
    execution_mode: ExecutionMode = "lan"
    environment: Environment = "*"
    pool: Annotated[
        str | None, Field(min_length=1, max_length=64, description="Robots of this shared pool: its id or name.")
    ] = None
    input: Input = None
    metadata: dict[str, Any] | None = None

    def schedule(self) -> NewSchedule:
        """What the domain calls it."""
        return NewSchedule(
            workflow_id=self.workflow_id,
            name=self.schedule_name,
            cron_expression=self.cron_expression,
            timezone=self.timezone,
            is_enabled=self.enabled,
            priority=self.priority,
            execution_mode=self.execution_mode,
            environment=self.environment,
            pool=self.pool,
            input=self.input or {},
            metadata=self.metadata or {},
        )


# The published name of a field → the stored one, where they differ.
_STORED = {"schedule_name": "name", "enabled": "is_enabled"}


class UpdateScheduleBody(Body):
    """What is to change; a field that is left out, or null, stays as it is."""

    model_config = showing(examples.UPDATE_SCHEDULE)

    workflow_id: UUID | None = None
    schedule_name: Name | None = None
    cron_expression: CronExpression | None = None
    timezone: Timezone | None = None
    enabled: Flag | None = None
    priority: Priority | None = None
    execution_mode: ExecutionMode | None = None
    environment: Environment | None = None
    pool: Annotated[str | None, Field(max_length=64, description="The id or name of a shared pool; empty: none.")] = (
        None
    )
    input: Input = None
    metadata: dict[str, Any] | None = None

    def changes(self) -> dict[str, Any]:
        """The changes under the names that are stored."""
        given = self.model_dump(mode="json", exclude_none=True, exclude={"input", "metadata"})
        given |= {name: value for name in ("input", "metadata") if (value := getattr(self, name)) is not None}
        return {_STORED.get(name, name): value for name, value in given.items()}


class ScheduleAnswer(Answer):
    """A schedule. `next_run` is null while it is not enabled; `failure_count` counts runs that made no job."""

    model_config = showing(examples.SCHEDULE)

    schedule_id: UUID
    workflow_id: UUID
    workflow_name: str
    schedule_name: Annotated[str, Field(validation_alias="name")]
    cron_expression: str
    timezone: str
    enabled: Annotated[bool, Field(validation_alias="is_enabled")]
    priority: int
    execution_mode: ExecutionMode
    environment: str
    pool_id: UUID | None
    input: dict[str, Any]
    metadata: dict[str, Any]
    next_run: Annotated[Time | None, Field(validation_alias="next_run_at")]
    last_run: Annotated[Time | None, Field(validation_alias="last_run_at")]
    run_count: int
    failure_count: int
    created_by: UUID | None
    created_at: Time
    updated_at: Time


class ScheduleCreated(ScheduleAnswer):
    """The schedule that was made."""

    model_config = showing(examples.SCHEDULE_CREATED)

    warnings: Warnings

    @classmethod
    def of(cls, schedule: Schedule, warnings: list[str]) -> "ScheduleCreated":
        """A schedule in the published words."""
        return cls.model_validate({**asdict(schedule), "warnings": warnings})


class UpcomingRun(Answer):
    """The next run of an enabled schedule."""

    model_config = showing(examples.UPCOMING)

    schedule_id: UUID
    schedule_name: str
    workflow_id: UUID
    workflow_name: str
    next_run: Time
    type: Literal["cron"]
    status: Literal["active"]

    @classmethod
    def of(cls, schedule: Schedule) -> "UpcomingRun":
        """The run that a schedule comes to next."""
        assert schedule.next_run_at is not None
        return cls(
            schedule_id=schedule.schedule_id,
            schedule_name=schedule.name,
            workflow_id=schedule.workflow_id,
            workflow_name=schedule.workflow_name,
            next_run=schedule.next_run_at,
            type="cron",
            status="active",
        )


class ScheduleTriggered(Answer):
    """The schedule was run by hand."""

    model_config = showing(examples.SCHEDULE_TRIGGERED)

    status: Literal["success"]
    message: str
    job_id: UUID
    triggered_via: Literal["direct"]


class ScheduleDeleted(Answer):
    """The schedule is gone."""

    model_config = showing(examples.SCHEDULE_DELETED)

    status: Literal["success"]
    message: str


class FireAnswer(Answer):
    """What the schedule did at a due time, or by hand: `missed` stands for due times that nobody served."""

    model_config = showing(examples.FIRE)

    fire_time: Time
    fired_at: Time
    manual: Annotated[bool, Field(validation_alias="is_manual")]
    outcome: FireOutcome
    reason: str | None
    job_id: UUID | None


class FireList(Answer):
    """A page of what a schedule did, the newest first."""

    model_config = showing(examples.FIRES)

    fires: list[FireAnswer]
    total: int
    limit: int
    offset: int

    @classmethod
    def of(cls, page: tuple[list[Fire], int], limit: int, offset: int) -> "FireList":
        """A page as the service gives it."""
        items, total = page
        return cls(fires=[FireAnswer.model_validate(item) for item in items], total=total, limit=limit, offset=offset)


class SimulateBody(Body):
    """The times of a schedule, as in a body that makes one, whose other fields are ignored here."""

    model_config = showing(examples.SIMULATE)

    cron_expression: CronExpression
    timezone: Timezone | None = None
    count: Annotated[Integer, Field(ge=1, le=100)] = 10
    after: Annotated[Moment | None, Field(description="Runs after this time; default: now.")] = None


class RunAnswer(Answer):
    """`run`, or `moved`: the clocks skip the time, so it runs at the next minute that exists."""

    model_config = showing(examples.RUN)

    time: Annotated[Time, Field(validation_alias="run_at")]
    verdict: Verdict
    reason: str | None


class Simulation(Answer):
    """When such a schedule would run."""

    model_config = showing(examples.SIMULATED)

    runs: list[RunAnswer]

    @classmethod
    def of(cls, runs: list[Run]) -> "Simulation":
        """Runs as the service gives them."""
        return cls(runs=[RunAnswer.model_validate(run) for run in runs])
