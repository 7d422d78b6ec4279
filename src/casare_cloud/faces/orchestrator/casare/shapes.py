"""Fields that CasareRPA's own programs send and read beside those of documents 000, 002 and 003.

Each is an addition: no documented field goes away, and OpenAPI describes both. docs/coming-from-casare.md has the list.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AliasChoices, Field

from casare_cloud.domain.api_keys.model import ApiKey
from casare_cloud.domain.dead_letters.model import DeadLetter
from casare_cloud.domain.jobs.model import ClaimedJob, Job
from casare_cloud.domain.metrics.model import Analytics, Fleet
from casare_cloud.domain.robots.model import Robot
from casare_cloud.errors import InvalidArgument
from casare_cloud.faces.kit.examples import Example, showing
from casare_cloud.faces.kit.fields import Flag, Integer
from casare_cloud.faces.kit.shapes import Answer, Body, Time
from casare_cloud.faces.orchestrator.examples import EARLIER, JOB_ID, NOW, WORKFLOW_ID
from casare_cloud.faces.orchestrator.fields import LeaseSeconds

# --- the robot: documents have lease_seconds

VisibilitySeconds = Annotated[
    LeaseSeconds | None,
    Field(description="Of CasareRPA's robot: `lease_seconds`, and the answer is one job that runs from now, or null."),
]
ExtensionSeconds = Annotated[
    LeaseSeconds,
    Field(validation_alias=AliasChoices("lease_seconds", "extension_seconds"), description="Also: extension_seconds."),
]

_FLAT_JOB: Example = {
    "job_id": JOB_ID,
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "Daily Report",
    "workflow_json": '{"nodes": [], "connections": []}',
    "priority": 10,
    "environment": "*",
    "variables": {"param": "value"},
    "created_at": EARLIER,
    "claimed_at": NOW,
    "retry_count": 0,
    "max_retries": 2,
    "lease_token": 42,
}


class FlatJob(Answer):
    """The one job of a claim with `visibility_timeout_seconds`; `workflow_json` is a JSON text."""

    model_config = showing(_FLAT_JOB)

    job_id: UUID
    workflow_id: UUID
    workflow_name: str
    workflow_json: str
    priority: int
    environment: str
    variables: dict[str, Any]
    created_at: Time
    claimed_at: Time
    retry_count: int
    max_retries: int
    lease_token: int

    @classmethod
    def of(cls, job: ClaimedJob, lease_seconds: int) -> Self:
        """A job that was just claimed for so many seconds."""
        return cls(
            job_id=job.job_id,
            workflow_id=job.workflow_id,
            workflow_name=job.workflow_name,
            workflow_json=json.dumps(job.workflow_json),
            priority=job.priority,
            environment=job.environment,
            variables=job.input,
            created_at=datetime.fromtimestamp((job.job_id.int >> 80) / 1000, UTC),  # of a UUID of version 7
            claimed_at=job.lease_expires_at - timedelta(seconds=lease_seconds),
            retry_count=job.attempt - 1,
            max_retries=job.max_attempts - 1,
            lease_token=job.lease_token,
        )


# --- the dashboard: jobs

JOB_ALIASES: Example = {"assigned_robot_id": "robot-001", "robot_name": "robot-001", "error": None, "max_retries": 2}


class JobAliases(Answer):
    """Other names of fields of a job."""

    assigned_robot_id: Annotated[str | None, Field(description="`robot_id`.")]
    robot_name: Annotated[str | None, Field(description="`robot_id`.")]
    error: Annotated[str | None, Field(description="`error_message`.")]
    max_retries: Annotated[int, Field(description="`max_attempts` - 1.")]


def job_aliases(job: Job, robot_id: str | None) -> dict[str, Any]:
    """The fields of `JobAliases`."""
    return {
        "assigned_robot_id": robot_id,
        "robot_name": robot_id,
        "error": job.error_message,
        "max_retries": job.max_attempts - 1,
    }


# --- the dashboard: schedules

SCHEDULE_ALIASES: Example = {"name": "Daily Report", "next_run_at": "2025-12-02T08:00:17Z", "last_run_at": None}


class ScheduleAliases(Answer):
    """Other names of fields of a schedule."""

    name: Annotated[str, Field(description="`schedule_name`.")]
    next_run_at: Annotated[Time | None, Field(description="`next_run`.")]
    last_run_at: Annotated[Time | None, Field(description="`last_run`.")]


class TenantNames(Body):
    """What the dashboard says of the tenant. The credential decides which tenant it is, whatever stands here."""

    tenant_id: Annotated[str | None, Field(max_length=64, description="Not read: the credential decides.")] = None
    workspace_id: Annotated[str | None, Field(max_length=64, description="Not read.")] = None


# --- the dashboard: keys of robots

KEY_ALIASES: Example = {
    "id": "bb0e8400-e29b-41d4-a716-446655440006",
    "key_id": "bb0e8400-e29b-41d4-a716-446655440006",
    "key_name": "Line 3",
    "key_prefix": "crpa_8fK2xQ",
    "robot_name": "robot-prod-001",
    "revoked": False,
}


class KeyAliases(Answer):
    """Other names of fields of a robot's key."""

    id: Annotated[UUID, Field(description="`api_key_id`.")]
    key_id: Annotated[UUID, Field(description="`api_key_id`.")]
    key_name: Annotated[str, Field(description="`name`.")]
    key_prefix: Annotated[str, Field(description="`prefix`.")]
    robot_name: Annotated[str | None, Field(description="`robot_id`.")]
    revoked: bool


def key_aliases(key: ApiKey, robot: str | None) -> dict[str, Any]:
    """The fields of `KeyAliases`."""
    return {
        "id": key.api_key_id,
        "key_id": key.api_key_id,
        "key_name": key.name,
        "key_prefix": key.prefix,
        "robot_name": robot,
        "revoked": key.revoked_at is not None,
    }


class KeyTerms(TenantNames):
    """What the dashboard says of a key that it makes."""

    description: Annotated[str | None, Field(max_length=1024, description="Not kept.")] = None
    expires_in_days: Annotated[
        Annotated[Integer, Field(ge=1, le=3650)] | None, Field(description="Or `expires_at`.")
    ] = None


class RevokeBody(Body):
    """Why a key is ended."""

    model_config = showing({"reason": "The machine was sold"})

    reason: Annotated[str | None, Field(max_length=2000, description="Not kept.")] = None


# --- the dashboard: the fleet of a time range

TimeRange = Literal["1h", "24h", "7d", "30d"]
_HOURS: dict[TimeRange, int] = {"1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24}


class FleetAliases(Answer):
    """How the jobs of a `time_range` ended, beside the fleet at this moment; left out without a `time_range`.

    A rate or an average of no jobs is 0.
    """

    total_jobs: int | None = None
    completed_jobs: int | None = None
    failed_jobs: int | None = None
    running_jobs: Annotated[int | None, Field(description="`active_jobs`.")] = None
    queued_jobs: Annotated[int | None, Field(description="`queue_depth` and `scheduled_jobs`.")] = None
    success_rate: Annotated[float | None, Field(description="Percent of those that completed or failed.")] = None
    avg_execution_time: Annotated[int | None, Field(description="Milliseconds, of completed jobs.")] = None
    dlq_count: Annotated[int | None, Field(description="Open dead letters.")] = None


def hours_of(time_range: TimeRange) -> int:
    """The hours of a time range."""
    return _HOURS[time_range]


def fleet_aliases(fleet: Fleet, analytics: Analytics, open_letters: int) -> dict[str, Any]:
    """The fields of `FleetAliases`."""
    outcomes = analytics.outcomes
    return {
        "total_jobs": outcomes.total + fleet.active_jobs + fleet.queue_depth + fleet.scheduled_jobs,
        "completed_jobs": outcomes.completed,
        "failed_jobs": outcomes.unsuccessful,
        "running_jobs": fleet.active_jobs,
        "queued_jobs": fleet.queue_depth + fleet.scheduled_jobs,
        "success_rate": outcomes.success_rate,
        "avg_execution_time": outcomes.average_duration_ms,
        "dlq_count": open_letters,
    }


# --- the dashboard: dead letters

DEAD_LETTER_ENTRY: Example = {
    "entry_id": JOB_ID,
    "job_id": JOB_ID,
    "workflow_id": WORKFLOW_ID,
    "error_message": "The page did not answer.",
    "error_stack": None,
    "input": {"param": "value"},
    "retry_count": 2,
    "failed_at": NOW,
    "created_at": NOW,
    "original_created_at": EARLIER,
}


class DeadLetterEntry(Answer):
    """A dead letter in the dashboard's words. `entry_id` is the job's id; `input` is null when it has over 64 KB."""

    model_config = showing(DEAD_LETTER_ENTRY)

    entry_id: UUID
    job_id: UUID
    workflow_id: UUID
    error_message: str
    error_stack: str | None
    input: Any
    retry_count: int
    failed_at: Time
    created_at: Time
    original_created_at: Time | None

    @classmethod
    def of(cls, letter: DeadLetter) -> Self:
        """A dead letter in these words."""
        return cls(
            entry_id=letter.job_id,
            job_id=letter.job_id,
            workflow_id=letter.workflow_id,
            error_message=letter.error_message or "",
            error_stack=letter.error_stack,
            input=letter.input,
            retry_count=max(letter.attempts - 1, 0),
            failed_at=letter.dead_lettered_at,
            created_at=letter.dead_lettered_at,
            original_created_at=letter.job_created_at,
        )


DeadLetterWord = Literal["pending", "resolved", "all"]
_RESOLVED: dict[DeadLetterWord, bool | None] = {"pending": False, "resolved": True, "all": None}


def is_resolved(word: DeadLetterWord | None, resolved: bool | None) -> bool | None:
    """Which dead letters are wanted, said either way: resolved ones, open ones (the default), or (None) both."""
    if word is None:
        return bool(resolved)
    if resolved is not None:
        raise InvalidArgument("status: resolved says it already.")
    return _RESOLVED[word]


# --- the controller of robots

ROBOT_ALIASES: Example = {
    "environment": "default",
    "max_concurrent_jobs": 1,
    "capabilities": ["browser"],
    "tags": [],
    "current_jobs": 1,
    "last_seen": NOW,
}


class RobotAliases(Answer):
    """What clients read of a robot beside its metrics."""

    environment: str
    max_concurrent_jobs: int
    capabilities: list[str]
    tags: list[str]
    current_jobs: Annotated[int, Field(description="How many `current_job_ids` are.")]
    last_seen: Annotated[Time | None, Field(description="`last_heartbeat`.")]


def robot_aliases(robot: Robot) -> dict[str, Any]:
    """The fields of `RobotAliases`."""
    return {
        **{name: getattr(robot, name) for name in ("environment", "max_concurrent_jobs", "capabilities", "tags")},
        "current_jobs": len(robot.current_job_ids),
        "last_seen": robot.last_heartbeat_at,
    }


class StopBody(Body):
    """How a robot is to stop. Closed."""

    model_config = showing({"force": False}, extra="forbid")

    force: Annotated[Flag, Field(description="A robot is never killed: its jobs have a moment, then they go back.")] = (
        False
    )


# --- the designer: what a submission's metadata means


def target_of(metadata: dict[str, Any]) -> str | None:
    """The robot that the designer names in `metadata`."""
    robot = metadata.get("robot_id")
    return robot if isinstance(robot, str) and robot else None


def variables_of(metadata: dict[str, Any]) -> dict[str, Any] | None:
    """The input that the designer puts into `metadata`."""
    variables = metadata.get("variables")
    return variables if isinstance(variables, dict) and variables else None
