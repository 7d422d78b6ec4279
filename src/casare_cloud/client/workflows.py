"""Workflows, and the clock that runs them."""

from collections.abc import Mapping
from typing import Any, Literal, TypedDict, Unpack

from casare_cloud.client.session import Answer, Paging, Session, quoted

ExecutionMode = Literal["lan", "internet"]
TriggerType = Literal["manual", "scheduled", "webhook"]


class WorkflowFilters(Paging, total=False):
    """Which workflows; `search` is a part of the name."""

    search: str | None
    status: Literal["draft", "published", "deprecated", "archived"] | None


class WorkflowOptions(TypedDict, total=False):
    """How a workflow is stored and its first job runs."""

    trigger_type: TriggerType
    execution_mode: ExecutionMode
    schedule_cron: str | None
    priority: int
    metadata: Mapping[str, Any] | None
    input: Mapping[str, Any] | None
    run: bool
    workflow_id: str | None
    pool: str | None
    robot_id: str | None


class UploadOptions(TypedDict, total=False):
    """How an uploaded workflow is stored and its first job runs."""

    trigger_type: TriggerType
    execution_mode: ExecutionMode
    schedule_cron: str
    priority: int | str
    workflow_name: str


class ScheduleFilters(Paging, total=False):
    """Which schedules."""

    workflow_id: str | None
    enabled: bool | None


class ScheduleOptions(TypedDict, total=False):
    """When a schedule runs, what becomes of missed and overlapping runs, and how its jobs run. Times are ISO 8601."""

    frequency: Literal["once", "interval", "hourly", "daily", "weekly", "monthly", "cron"] | None
    run_at: str | None
    interval_seconds: int | None
    timezone: str | None
    starts_at: str | None
    ends_at: str | None
    paused_until: str | None
    calendar_id: str | None
    on_closed_day: Literal["skip", "next", "previous"] | None
    jitter_seconds: int | None
    misfire_policy: Literal["skip", "once", "all"] | None
    misfire_cap: int | None
    overlap_policy: Literal["allow", "skip", "queue", "cancel_previous"] | None
    max_consecutive_failures: int | None
    enabled: bool
    priority: int | None
    execution_mode: ExecutionMode
    environment: str | None
    required_capabilities: list[str] | None
    required_tags: list[str] | None
    robot_id: str | None
    pool: str | None
    dedupe_key: str | None
    input: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None


class ScheduleChanges(ScheduleOptions, total=False):
    """What may be changed of a schedule."""

    workflow_id: str
    schedule_name: str
    cron_expression: str


class SimulationOptions(ScheduleOptions, total=False):
    """A schedule that nobody has made; its workflow says how long a job takes."""

    workflow_id: str
    schedule_name: str


class WorkflowCalls(Session):
    """Workflows and schedules."""

    async def submit_workflow(
        self, name: str, definition: Mapping[str, Any], *, strict: bool = True, **more: Unpack[WorkflowOptions]
    ) -> Answer:
        """Store a workflow and run it once (`priority`, `metadata` …), or not (`run` false): POST /workflows.

        With `trigger_type` `webhook` the answer has `webhook_url` and, this once, `secret`. 400 WORKFLOW_INVALID when
        no robot would run it, with each mistake in the error's `details`; without `strict` they are `warnings`.
        """
        body = {"workflow_name": name, "workflow_json": definition, **more}
        return await self._create("/workflows", body, params={"strict": strict})

    async def upload_workflow(
        self, file_name: str, content: bytes, *, strict: bool = True, **options: Unpack[UploadOptions]
    ) -> Answer:
        """Store a workflow from a `.json` file of up to 50 MB and run it once: POST /workflows/upload."""
        files = {"file": (file_name, content, "application/json")}
        return await self._create(
            "/workflows/upload", None, files=files, data=options, timeout=120, params={"strict": strict}
        )

    async def list_workflows(self, **filters: Unpack[WorkflowFilters]) -> Answer:
        """`{workflows, total, limit, offset}`."""
        return await self._get("/workflows", filters)

    async def get_workflow(self, workflow_id: str) -> Answer:
        """One workflow with its definition."""
        return await self._get(f"/workflows/{quoted(workflow_id)}")

    async def list_workflow_versions(self, workflow_id: str, **page: Unpack[Paging]) -> Answer:
        """`{versions, total, limit, offset}`, newest first."""
        return await self._get(f"/workflows/{quoted(workflow_id)}/versions", page)

    async def get_workflow_version(self, workflow_id: str, version: int) -> Answer:
        """A version of a workflow with its definition."""
        return await self._get(f"/workflows/{quoted(workflow_id)}/versions/{version}")

    async def delete_workflow(self, workflow_id: str) -> Answer:
        """Delete it; its waiting jobs are cancelled: `cancelled_jobs` at once, `cancelling_jobs` within minutes."""
        return await self._call("DELETE", f"/workflows/{quoted(workflow_id)}")

    # --- schedules ------------------------------------------------------------------------------------------------

    async def create_schedule(
        self, workflow_id: str, name: str, cron_expression: str | None = None, **more: Unpack[ScheduleOptions]
    ) -> Answer:
        """Run a workflow by the clock: `cron_expression`, `interval_seconds`, `run_at` or a `frequency` says when."""
        body = {"workflow_id": workflow_id, "schedule_name": name, "cron_expression": cron_expression, **more}
        return await self._create("/schedules", body)

    async def list_schedules(self, **filters: Unpack[ScheduleFilters]) -> list[Answer]:
        """Schedules, newest first (`workflow_id`, `enabled`, `limit`, `offset`)."""
        return await self._list("/schedules", filters)

    async def list_upcoming_runs(self, workflow_id: str | None = None, limit: int | None = None) -> list[Answer]:
        """The next runs of all enabled schedules, the soonest first."""
        return await self._list("/schedules/upcoming", {"workflow_id": workflow_id, "limit": limit})

    async def get_schedule(self, schedule_id: str) -> Answer:
        """One schedule with its next and last run."""
        return await self._get(f"/schedules/{quoted(schedule_id)}")

    async def update_schedule(self, schedule_id: str, **changes: Unpack[ScheduleChanges]) -> Answer:
        """Change what is named (`schedule_name`, `cron_expression`, `timezone`, `priority`, `input` …)."""
        return await self._call("PUT", f"/schedules/{quoted(schedule_id)}", json=changes)

    async def enable_schedule(self, schedule_id: str) -> Answer:
        """Let it run again."""
        return await self._call("PUT", f"/schedules/{quoted(schedule_id)}/enable")

    async def disable_schedule(self, schedule_id: str) -> Answer:
        """Keep it from running."""
        return await self._call("PUT", f"/schedules/{quoted(schedule_id)}/disable")

    async def trigger_schedule(self, schedule_id: str) -> Answer:
        """Queue a job of it now; `job_id` is in the answer. Not tried twice: each try makes a job."""
        return await self._call("PUT", f"/schedules/{quoted(schedule_id)}/trigger", attempts=1)

    async def delete_schedule(self, schedule_id: str) -> Answer:
        """Delete it; the jobs that it queued stay."""
        return await self._call("DELETE", f"/schedules/{quoted(schedule_id)}")

    async def list_missed_fires(self, since: str | None = None, limit: int | None = None) -> Answer:
        """`{missed}`: due times of all schedules that nobody served since then (default: in the last day)."""
        return await self._get("/schedules/missed", {"since": since, "limit": limit})

    async def list_schedule_fires(self, schedule_id: str, **page: Unpack[Paging]) -> Answer:
        """`{fires, total, limit, offset}`: what it did, newest first."""
        return await self._get(f"/schedules/{quoted(schedule_id)}/fires", page)

    async def explain_schedule(self, schedule_id: str, at: str) -> Answer:
        """Why a schedule ran at a time (ISO 8601), or did not, or will not: `{verdict, reason, …}`."""
        return await self._get(f"/schedules/{quoted(schedule_id)}/explain", {"at": at})

    async def simulate_schedule(
        self,
        cron_expression: str | None = None,
        *,
        count: int = 5,
        after: str | None = None,
        expected_seconds: float | None = None,
        **more: Unpack[SimulationOptions],
    ) -> Answer:
        """`{runs}`: the next due times of such a schedule, each with a verdict."""
        asked = {"count": count, "after": after, "expected_seconds": expected_seconds}
        return await self._call(
            "POST", "/schedules/simulate", json={"cron_expression": cron_expression, **asked, **more}
        )
