"""Jobs: make, look, follow, cancel, and what became of those that ended badly."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from casare_cloud.client.session import Answer, Paging, Session, quoted

FINISHED = frozenset({"completed", "failed", "cancelled", "timeout"})

JobWord = Literal["pending", "queued", "claimed", "running", "completed", "failed", "cancelled", "timeout"]
LogLevel = Literal["debug", "info", "warning", "error", "critical"]
DeadReason = Literal["attempts_exhausted", "not_retryable", "lease_lost", "timeout", "no_progress", "poison"]


class JobOptions(TypedDict, total=False):
    """How a job is queued; times are ISO 8601."""

    priority: int
    environment: str | None
    execution_mode: Literal["lan", "internet"]
    required_capabilities: Sequence[str]
    required_tags: Sequence[str]
    robot_id: str | None
    pool: str | None
    run_at: str | None
    dedupe_key: str | None
    concurrency_key: str | None
    max_attempts: int
    timeout_seconds: int
    progress_timeout_seconds: int | None
    retry_policy: Mapping[str, Any] | None
    metadata: Mapping[str, Any] | None
    version: int | None


class JobFilters(Paging, total=False):
    """Which jobs; times are ISO 8601."""

    status: JobWord | None
    workflow_id: str | None
    robot_id: str | None
    created_after: str | None
    created_before: str | None
    trigger_type: str | None
    error_type: str | None
    search: str | None
    before: str | None


class LogFilters(Paging, total=False):
    """Which lines of a log: of a level, after or before the line with an id, the `oldest` or the `newest` first."""

    level: LogLevel | None
    order: Literal["oldest", "newest"]
    after: str | None
    before: str | None


class DeadLetterFilters(Paging, total=False):
    """Which dead letters; `resolved`: those that were queued again."""

    workflow_id: str | None
    reason: DeadReason | None
    resolved: bool | None


class JobCalls(Session):
    """Jobs, dead letters and events."""

    async def create_job(
        self, workflow: str, input_data: Mapping[str, Any] | None = None, **more: Unpack[JobOptions]
    ) -> Answer:
        """Run a workflow, by id or name, with an input: POST /jobs."""
        return await self._create("/jobs", {"workflow_id": workflow, "input": input_data or {}, **more})

    async def list_jobs(self, **filters: Unpack[JobFilters]) -> Answer:
        """`{jobs, total, limit, offset, next}`, newest first (`status`, `workflow_id`, `robot_id`, `limit` …).

        With `search`, `error_type`, `trigger_type` or `before` an answer looks through a part of the jobs: ask again
        with `before=answer["next"]` until that is None.
        """
        return await self._get("/jobs", filters)

    async def get_job(self, job_id: str) -> Answer:
        """One job with its state, result and error."""
        return await self._get(f"/jobs/{quoted(job_id)}")

    async def get_job_logs(self, job_id: str, **filters: Unpack[LogFilters]) -> Answer:
        """`{logs, total, limit, offset}`: the robots' lines, the oldest first unless `order` says `newest`."""
        return await self._get(f"/jobs/{quoted(job_id)}/logs", filters)

    async def list_job_nodes(self, job_id: str) -> Answer:
        """`{job_id, attempts}`: when each node of each attempt began, and for how long it ran."""
        return await self._get(f"/jobs/{quoted(job_id)}/nodes")

    async def list_job_events(self, job_id: str, after: int = 0, limit: int = 100) -> Answer:
        """`{events, next}`: what happened to a job after the event with that number."""
        return await self._get(f"/jobs/{quoted(job_id)}/events", {"after": after, "limit": limit})

    async def cancel_job(self, job_id: str, reason: str | None = None, *, force: bool = False) -> Answer:
        """Cancel at once when it waits; ask its robot to stop when it runs: then `cancelled` is false as yet.

        `force` takes it from a robot that was asked and did not stop; 409 CANCEL_NOT_FORCEABLE says from when.
        """
        body = {**({"reason": reason} if reason else {}), **({"force": True} if force else {})}
        return await self._call("POST", f"/jobs/{quoted(job_id)}/cancel", json=body or None)

    async def retry_job(self, job_id: str, input_data: Mapping[str, Any] | None = None) -> Answer:
        """Run a failed, cancelled or timed-out job again, as a new job; with another input, a completed one as well."""
        body = None if input_data is None else {"input": input_data}
        return await self._create(f"/jobs/{quoted(job_id)}/retry", body)

    async def create_jobs(self, jobs: Sequence[Mapping[str, Any]]) -> Answer:
        """Queue up to 1,000 jobs, each as `POST /jobs` takes it; each has its own answer in `results`."""
        return await self._create("/jobs/batch", {"jobs": list(jobs)})

    async def cancel_jobs(self, job_ids: Sequence[str], reason: str | None = None) -> Answer:
        """Cancel up to 1,000 jobs; each has its own answer in `results`."""
        return await self._call("POST", "/jobs/batch/cancel", json={"job_ids": list(job_ids), "reason": reason})

    async def retry_jobs(self, job_ids: Sequence[str]) -> Answer:
        """Run up to 1,000 jobs again, as new jobs; each has its own answer in `results`."""
        return await self._create("/jobs/batch/retry", {"job_ids": list(job_ids)})

    async def explain_job(self, job_id: str) -> Answer:
        """Why a job waits, who holds it or how it ended, in words."""
        return await self._get(f"/jobs/{quoted(job_id)}/explain")

    async def list_waiting_reasons(self) -> Answer:
        """`{waiting, scheduled, is_capped, others, reasons}`: how many jobs wait for which reason."""
        return await self._get("/queue/reasons")

    # --- dead letters ---------------------------------------------------------------------------------------------

    async def list_dead_letters(self, **filters: Unpack[DeadLetterFilters]) -> Answer:
        """`{dead_letters, total, limit, offset}`: jobs that ended badly for good."""
        return await self._get("/dlq", filters)

    async def count_dead_letters(self) -> Answer:
        """How many there are (`open`, `resolved`), by reason and by workflow."""
        return await self._get("/dlq/stats")

    async def get_dead_letter(self, job_id: str) -> Answer:
        """The dead letter of a job."""
        return await self._get(f"/dlq/{quoted(job_id)}")

    async def requeue_dead_letter(self, job_id: str) -> Answer:
        """Queue one dead-lettered job again; `new_job_id` is in the answer."""
        return await self._create(f"/dlq/{quoted(job_id)}/retry", None)

    async def delete_dead_letter(self, job_id: str) -> Answer:
        """Take one dead letter away for good; the job stays in the history."""
        return await self._call("DELETE", f"/dlq/{quoted(job_id)}")

    async def requeue_dead_letters(self, job_ids: Sequence[str]) -> Answer:
        """Queue dead-lettered jobs again, as new jobs; each has its own answer in `results`."""
        return await self._create("/dlq/retry", {"job_ids": list(job_ids)})

    async def delete_dead_letters(self, job_ids: Sequence[str]) -> Answer:
        """Take dead letters away for good; each has its own answer in `results`."""
        return await self._call("POST", "/dlq/delete", json={"job_ids": list(job_ids)})

    # --- events ---------------------------------------------------------------------------------------------------

    async def list_events(self, after: int = 0, limit: int = 100) -> Answer:
        """`{events, next}`: what happened after the event with that number."""
        return await self._get("/events", {"after": after, "limit": limit})

    async def get_event_cursor(self) -> Answer:
        """`{next}`, the number of the newest event: as `after`, it shows what happens from now on."""
        return await self._get("/events/cursor")

    async def iterate_events(self, after: int = 0, job_id: str | None = None) -> AsyncIterator[Answer]:
        """Every event after that number until now, of the tenant or of one job. Resume with `after=event["seq"]`."""
        while True:
            page = await (self.list_job_events(job_id, after) if job_id else self.list_events(after))
            for event in page["events"]:
                yield event
            if not page["events"]:
                return
            after = page["next"]
