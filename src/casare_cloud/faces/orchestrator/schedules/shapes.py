"""Shapes of the schedule endpoints (documents 000 and 002; api-decisions#schedules)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AliasChoices, Field

from casare_cloud.domain.schedules.model import (
    FireOutcome,
    Frequency,
    MisfirePolicy,
    OnClosedDay,
    OverlapPolicy,
    Run,
    Upcoming,
    Verdict,
)
from casare_cloud.faces.kit.examples import showing
from casare_cloud.faces.kit.fields import CronExpression, Flag, Input, Integer, Moment, Name, Timezone, Words
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.casare.shapes import ScheduleAliases, TenantNames
from casare_cloud.faces.orchestrator.fields import Environment, ExecutionMode, Priority
from casare_cloud.faces.orchestrator.schedules import examples

# The published name of a field → the stored one, where they differ.
_STORED = {"schedule_name": "name", "enabled": "is_enabled"}
_None = Literal[""]
_NameToo = Field(validation_alias=AliasChoices("schedule_name", "name"))


class _ScheduleFields(Body):
    """What may be said of a schedule. The rules are the database's."""

    frequency: Annotated[
        Frequency | None,
        Field(description="Follows from the field that says when; hourly to monthly take their time from starts_at."),
    ] = None
    cron_expression: CronExpression | None = None
    run_at: Annotated[Moment | None, Field(description="The one time of the frequency once.")] = None
    interval_seconds: Annotated[
        Integer | None, Field(description="Of real time, whatever the clocks show; counted from starts_at.")
    ] = None
    timezone: Timezone | None = None
    starts_at: Annotated[Moment | _None | None, Field(description="No run before it.")] = None
    ends_at: Annotated[Moment | _None | None, Field(description="No run after it.")] = None
    paused_until: Annotated[Moment | _None | None, Field(description="No run before it, for now.")] = None
    calendar_id: Annotated[UUID | _None | None, Field(description="The business calendar that it heeds.")] = None
    on_closed_day: Annotated[
        OnClosedDay | None,
        Field(description="What becomes of a run on a closed day: none (the default), or when it runs instead."),
    ] = None
    jitter_seconds: Annotated[
        Integer | None, Field(description="It runs 0 to so many seconds later, always the same; to 86400, default 0.")
    ] = None
    misfire_policy: Annotated[
        MisfirePolicy | None,
        Field(description="Which due times are made up for that nobody served; default: once."),
    ] = None
    misfire_cap: Annotated[Integer | None, Field(description="With the policy all: 1 to 100, default 10.")] = None
    overlap_policy: Annotated[
        OverlapPolicy | None, Field(description="While a job of it is unfinished; default: allow.")
    ] = None
    max_consecutive_failures: Annotated[
        Integer | None, Field(description="So many in a row disable it: to 1000; default 0, which is never.")
    ] = None
    enabled: Flag | None = None
    priority: Priority | None = None
    execution_mode: ExecutionMode | None = None
    environment: Environment | None = None
    required_capabilities: Words | None = None
    required_tags: Words | None = None
    robot_id: Annotated[str | None, Field(max_length=64, description="Only this robot: its id or external id.")] = None
    pool: Annotated[str | None, Field(max_length=64, description="Robots of this shared pool: its id or name.")] = None
    dedupe_key: Annotated[
        str | None, Field(max_length=255, description="Of its jobs: no job while an unfinished one has it.")
    ] = None
    input: Input = None
    metadata: dict[str, Any] | None = None

    def described(self) -> dict[str, Any]:
        """What was said, under the names that are stored."""
        given = self.model_dump(
            mode="json", exclude_none=True, exclude={"input", "metadata", *TenantNames.model_fields}
        )
        given |= {name: value for name in ("input", "metadata") if (value := getattr(self, name)) is not None}
        return {_STORED.get(name, name): value for name, value in given.items()}


class CreateScheduleBody(_ScheduleFields, TenantNames):
    """A schedule to make."""

    model_config = showing(examples.CREATE_SCHEDULE, extra="forbid")

    workflow_id: UUID
    schedule_name: Annotated[Name, _NameToo]
    # The documents state these defaults; a null is the default here, too.
    enabled: Flag | None = True
    priority: Priority | None = 10
    execution_mode: ExecutionMode | None = "lan"


class UpdateScheduleBody(_ScheduleFields):
    """What is to change; a field that is left out, or null, stays as it is, and an empty text takes one away."""

    model_config = showing(examples.UPDATE_SCHEDULE, extra="forbid")

    workflow_id: UUID | None = None
    schedule_name: Annotated[Name | None, _NameToo] = None


class ScheduleAnswer(ScheduleAliases):
    """A schedule. `next_run` is null while it is not enabled, or when nothing is left.

    `failure_count` counts runs that made no job; `consecutive_failures` these and failed jobs since one succeeded.
    """

    model_config = showing(examples.SCHEDULE)

    schedule_id: UUID
    workflow_id: UUID
    workflow_name: str
    schedule_name: Annotated[str, Field(validation_alias="name")]
    frequency: Frequency
    cron_expression: str | None
    run_at: Time | None
    interval_seconds: int | None
    timezone: str
    starts_at: Time | None
    ends_at: Time | None
    paused_until: Time | None
    calendar_id: UUID | None
    on_closed_day: OnClosedDay
    jitter_seconds: int
    misfire_policy: MisfirePolicy
    misfire_cap: int
    overlap_policy: OverlapPolicy
    max_consecutive_failures: int
    enabled: Annotated[bool, Field(validation_alias="is_enabled")]
    priority: int
    execution_mode: ExecutionMode
    environment: str
    required_capabilities: list[str]
    required_tags: list[str]
    robot_id: UUID | None
    pool_id: UUID | None
    dedupe_key: str | None
    input: dict[str, Any]
    metadata: dict[str, Any]
    next_run: Annotated[Time | None, Field(validation_alias="next_run_at")]
    last_run: Annotated[Time | None, Field(validation_alias="last_run_at")]
    run_count: int
    failure_count: int
    consecutive_failures: int
    auto_disabled_at: Time | None
    created_by: UUID | None
    created_at: Time
    updated_at: Time


class ScheduleList(Answer):
    """A page of schedules, the newest first; `total` counts all that match."""

    model_config = showing(examples.SCHEDULES)

    schedules: list[ScheduleAnswer]
    total: int


class UpcomingRun(Answer):
    """A run of an enabled schedule that is still to come."""

    model_config = showing(examples.UPCOMING)

    schedule_id: UUID
    schedule_name: str
    workflow_id: UUID
    workflow_name: str
    next_run: Time
    type: Frequency
    status: Literal["active"]

    @classmethod
    def of(cls, run: Upcoming) -> "UpcomingRun":
        """A run in the published words."""
        return cls(
            schedule_id=run.schedule_id,
            schedule_name=run.schedule_name,
            workflow_id=run.workflow_id,
            workflow_name=run.workflow_name,
            next_run=run.run_at,
            type=run.frequency,
            status="active",
        )


class ScheduleExplained(Answer):
    """Why the schedule ran at a time, or did not.

    `verdict` is the outcome of its fire, or else `not_due`, `not_made`, `not_planned`, `disabled`, `paused`, `late`,
    `unknown` (what happened then is kept no more), `holiday`, `blackout`, `moved` or, of what is to come, `run`.
    """

    model_config = showing(examples.EXPLAINED)

    schedule_id: UUID
    at: Time
    due: Time | None
    verdict: str
    reason: str
    job_id: UUID | None
    fired_at: Time | None
    next_due: Time | None


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
    """What the schedule did at a due time, or by hand; `missed` stands for all until `missed_until`."""

    model_config = showing(examples.FIRE)

    fire_time: Time
    fired_at: Time
    manual: Annotated[bool, Field(validation_alias="is_manual")]
    outcome: FireOutcome
    reason: str | None
    missed_until: Time | None
    job_id: UUID | None


class FireList(Answer):
    """A page of what a schedule did, the newest first."""

    model_config = showing(examples.FIRES)

    fires: list[FireAnswer]
    total: int
    limit: int
    offset: int


class MissedFire(Answer):
    """Due times of a schedule, from `fire_time` to `missed_until`, that nobody served and that were not made up for."""

    model_config = showing(examples.MISSED)

    schedule_id: UUID
    schedule_name: str
    workflow_id: UUID
    fire_time: Time
    missed_until: Time
    reason: str


class MissedFires(Answer):
    """What schedules missed, the newest first."""

    model_config = showing(examples.MISSED_FIRES)

    missed: list[MissedFire]


class SimulateBody(_ScheduleFields):
    """A schedule, as in a body that makes one, of which only the times must be said."""

    model_config = showing(examples.SIMULATE, extra="forbid")

    workflow_id: UUID | None = None
    schedule_name: Annotated[Name | None, _NameToo] = None
    count: Annotated[Integer, Field(ge=1, le=100)] = 10
    after: Annotated[Moment | None, Field(description="Runs after this time; default: now.")] = None
    expected_seconds: Annotated[
        float | None,
        Field(ge=0, le=604800, description="How long a job takes; default: what those of the last 30 days took."),
    ] = None

    def described(self) -> dict[str, Any]:
        """What was said of the schedule, under the names that are stored."""
        return {
            name: value
            for name, value in super().described().items()
            if name not in ("count", "after", "expected_seconds")
        }


class RunAnswer(Answer):
    """`run`, `moved` there by the clocks or the calendar, or why it does not run: `overlap`, `holiday`, `blackout`."""

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
