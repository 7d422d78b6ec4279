"""A client for people's programs: submit workflows, create jobs, follow them, manage robots and keys.

    async with Client("https://…", api_key="sk_live_…") as cloud:
        job = await cloud.create_job("invoices", {"month": "2026-11"})
        done = await cloud.wait_for_job(job["job_id"])

Every method returns the decoded answer of the orchestrator (documents 000, 002, 003) and raises `ApiError`.
"""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Self
from urllib.parse import quote

from casare_cloud.http import HttpClient
from casare_cloud.robot.realtime import RealtimeClient

Answer = dict[str, Any]

FINISHED = frozenset({"completed", "failed", "cancelled", "timeout"})
_REFRESH_BEFORE_SECONDS = 60
_POLL_SECONDS = 2.0
_KEYS = {"service": "/api-keys", "robot": "/robot-api-keys"}


class Client:
    """Talks to one orchestrator, as a service key or, after `login` or `register`, as a user.

    A user's token is refreshed shortly before it ends. Creating calls carry an `Idempotency-Key`, so that a try that
    is repeated because the answer was lost makes nothing twice.
    """

    def __init__(self, base_url: str, *, api_key: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._http = HttpClient(base_url.rstrip("/"), headers=headers)
        self._refresh_token: str | None = None
        self._token_ends_at = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    # --- who ------------------------------------------------------------------------------------------------------

    async def login(self, username: str, password: str, tenant_id: str | None = None) -> None:
        """Sign in with a user name or e-mail; later calls are that user's."""
        body = {"username": username, "password": password, "tenant_id": tenant_id}
        self._keep_tokens(await self._http.call("POST", "/api/v1/auth/login", json=body))

    async def register(self, *, email: str, password: str, org_name: str, **more: str) -> None:
        """Make a user, a tenant and its first administrator, and sign in (`username`, `first_name`, `last_name`)."""
        body = {"email": email, "password": password, "org_name": org_name, **more}
        self._keep_tokens(await self._http.call("POST", "/api/v1/auth/register", json=body, attempts=1))

    async def logout(self) -> None:
        """End the session: the tokens are worthless afterwards."""
        await self._call("POST", "/auth/logout")

    async def me(self) -> Answer:
        """Who this client is."""
        return await self._call("GET", "/auth/me")

    async def access_token(self) -> str:
        """The user's current access token, refreshed when it is about to end."""
        if self._refresh_token and time.time() > self._token_ends_at - _REFRESH_BEFORE_SECONDS:
            body = {"refresh_token": self._refresh_token}
            self._keep_tokens(await self._http.call("POST", "/api/v1/auth/refresh", json=body))
        return self._http.headers.get("Authorization", "").removeprefix("Bearer ")

    def _keep_tokens(self, answer: Mapping[str, Any]) -> None:
        self._http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        self._refresh_token = answer["refresh_token"]
        self._token_ends_at = time.time() + float(answer["expires_in"])

    # --- workflows ------------------------------------------------------------------------------------------------

    async def submit_workflow(self, name: str, definition: Mapping[str, Any], **more: Any) -> Answer:
        """Store a workflow and run it once (`priority`, `execution_mode`, `metadata` …): POST /workflows."""
        return await self._create("/workflows", {"workflow_name": name, "workflow_json": definition, **more})

    async def upload_workflow(self, file_name: str, content: bytes, **options: str) -> Answer:
        """Store a workflow from a `.json` file of up to 50 MB and run it once: POST /workflows/upload."""
        await self.access_token()
        files = {"file": (file_name, content, "application/json")}
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        answer: Answer = await self._http.call(
            "POST", "/api/v1/workflows/upload", files=files, data=options, headers=headers, timeout=120
        )
        return answer

    async def list_workflows(self, **filters: Any) -> Answer:
        """`{workflows, total, limit, offset}`."""
        return await self._call("GET", "/workflows", params=filters)

    async def get_workflow(self, workflow_id: str) -> Answer:
        """One workflow with its definition."""
        return await self._call("GET", f"/workflows/{workflow_id}")

    async def delete_workflow(self, workflow_id: str) -> Answer:
        """Delete it; its waiting jobs are cancelled."""
        return await self._call("DELETE", f"/workflows/{workflow_id}")

    # --- jobs -----------------------------------------------------------------------------------------------------

    async def create_job(self, workflow: str, input_data: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """Run a workflow, by id or name, with an input: POST /jobs."""
        return await self._create("/jobs", {"workflow_id": workflow, "input_data": input_data or {}, **more})

    async def list_jobs(self, **filters: Any) -> Answer:
        """`{jobs, total, limit, offset}`, newest first (`status`, `workflow_id`, `robot_id`, `limit`, `offset`)."""
        return await self._call("GET", "/jobs", params=filters)

    async def get_job(self, job_id: str) -> Answer:
        """One job with its state, result and error."""
        return await self._call("GET", f"/jobs/{job_id}")

    async def get_job_logs(self, job_id: str, **filters: Any) -> Answer:
        """What the robots logged."""
        return await self._call("GET", f"/jobs/{job_id}/logs", params=filters)

    async def cancel_job(self, job_id: str, reason: str | None = None) -> Answer:
        """Cancel at once when it waits; ask its robot to stop when it runs."""
        return await self._call("POST", f"/jobs/{job_id}/cancel", json={"reason": reason} if reason else None)

    async def retry_job(self, job_id: str) -> Answer:
        """Run a failed, cancelled or timed-out job again, as a new job."""
        return await self._create(f"/jobs/{job_id}/retry", None)

    async def explain_job(self, job_id: str) -> Answer:
        """Why a job waits, who holds it or how it ended, in words."""
        return await self._call("GET", f"/jobs/{job_id}/explain")

    async def list_dead_letters(self, **filters: Any) -> Answer:
        """`{dead_letters, total}`: jobs that ended badly for good."""
        return await self._call("GET", "/dlq", params=filters)

    async def requeue_dead_letters(self, job_ids: Sequence[str]) -> Answer:
        """Queue dead-lettered jobs again, as new jobs; each has its own answer in `results`."""
        return await self._create("/dlq/retry", {"job_ids": list(job_ids)})

    async def delete_dead_letters(self, job_ids: Sequence[str]) -> Answer:
        """Take dead letters away for good; each has its own answer in `results`."""
        return await self._call("POST", "/dlq/delete", json={"job_ids": list(job_ids)})

    async def wait_for_job(self, job_id: str, timeout: float | None = None) -> Answer:
        """The job, once it is finished. Raises `TimeoutError` after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            async for job in self.watch_job(job_id):
                if job["status"] in FINISHED:
                    return job
        raise AssertionError("unreachable: watching ends with a finished job")

    async def watch_job(
        self, job_id: str, *, supabase_url: str | None = None, publishable_key: str | None = None
    ) -> AsyncIterator[Answer]:
        """The job whenever it changed, until it is finished.

        With `supabase_url` and `publishable_key`, and as a user, pushes on `job:<id>` arrive in between (only the
        keys of the push are new then); without, or while Realtime is away, the job is read every two seconds.
        """
        job = await self.get_job(job_id)
        yield job
        pushes: asyncio.Queue[Answer] = asyncio.Queue()  # an empty push asks for a fresh look
        listener = None
        if supabase_url and publishable_key and self._refresh_token:
            realtime = RealtimeClient(supabase_url, publishable_key, self._realtime_token)
            realtime.subscribe(
                f"job:{job_id}",
                lambda event, payload: pushes.put_nowait(_news_of(event, payload)),
                on_join=lambda: pushes.put_nowait({}),
            )
            listener = asyncio.create_task(realtime.run())
        try:
            while job["status"] not in FINISHED:
                push: Answer = {}
                with contextlib.suppress(TimeoutError):
                    push = await asyncio.wait_for(pushes.get(), _POLL_SECONDS)
                if push and push.get("status") not in FINISHED:
                    job = {**job, **push}
                    yield job
                    continue
                fresh = await self.get_job(job_id)
                if fresh != job:
                    yield fresh
                job = fresh
        finally:
            if listener is not None:
                listener.cancel()

    async def _realtime_token(self) -> tuple[str, float]:
        token = await self.access_token()
        return token, max(self._token_ends_at - time.time() - _REFRESH_BEFORE_SECONDS, 1.0)

    # --- schedules ------------------------------------------------------------------------------------------------

    async def create_schedule(self, workflow_id: str, name: str, cron_expression: str, **more: Any) -> Answer:
        """Run a workflow by the clock (`timezone`, `enabled`, `priority`, `input` …): POST /schedules."""
        body = {"workflow_id": workflow_id, "schedule_name": name, "cron_expression": cron_expression, **more}
        return await self._create("/schedules", body)

    async def list_schedules(self, **filters: Any) -> list[Answer]:
        """Schedules, newest first (`workflow_id`, `enabled`, `limit`, `offset`)."""
        return await self._list("/schedules", filters)

    async def list_upcoming_runs(self, **filters: Any) -> list[Answer]:
        """The next run of each enabled schedule, the soonest first (`workflow_id`, `limit`)."""
        return await self._list("/schedules/upcoming", filters)

    async def get_schedule(self, schedule_id: str) -> Answer:
        """One schedule with its next and last run."""
        return await self._call("GET", f"/schedules/{schedule_id}")

    async def update_schedule(self, schedule_id: str, **changes: Any) -> Answer:
        """Change what is named (`schedule_name`, `cron_expression`, `timezone`, `priority`, `input` …)."""
        return await self._call("PUT", f"/schedules/{schedule_id}", json=changes)

    async def enable_schedule(self, schedule_id: str) -> Answer:
        """Let it run again."""
        return await self._call("PUT", f"/schedules/{schedule_id}/enable")

    async def disable_schedule(self, schedule_id: str) -> Answer:
        """Keep it from running."""
        return await self._call("PUT", f"/schedules/{schedule_id}/disable")

    async def trigger_schedule(self, schedule_id: str) -> Answer:
        """Queue a job of it now; `job_id` is in the answer. Not tried twice: each try makes a job."""
        return await self._call("PUT", f"/schedules/{schedule_id}/trigger", attempts=1)

    async def delete_schedule(self, schedule_id: str) -> Answer:
        """Delete it; the jobs that it queued stay."""
        return await self._call("DELETE", f"/schedules/{schedule_id}")

    async def list_schedule_fires(self, schedule_id: str, **filters: Any) -> Answer:
        """`{fires, total, limit, offset}`: what it did, newest first."""
        return await self._call("GET", f"/schedules/{schedule_id}/fires", params=filters)

    async def simulate_schedule(self, cron_expression: str, **more: Any) -> Answer:
        """`{runs}`: the next times of such a schedule (`timezone`, `count`, `after`)."""
        return await self._call("POST", "/schedules/simulate", json={"cron_expression": cron_expression, **more})

    # --- robots and keys ------------------------------------------------------------------------------------------

    async def list_robots(self, **filters: Any) -> Answer:
        """`{robots, total}`."""
        return await self._call("GET", "/robots", params=filters)

    async def get_robot(self, robot_id: str) -> Answer:
        """One robot, by uuid or by the id people use."""
        return await self._call("GET", f"/robots/{robot_id}")

    async def explain_robot(self, robot_id: str) -> Answer:
        """Why a robot gets nothing, or what it gets, in words."""
        return await self._call("GET", f"/robots/{robot_id}/explain")

    async def command_robot(self, robot_id: str, command: str, reason: str | None = None) -> Answer:
        """Tell a robot to `pause`, `resume`, `drain`, `shutdown`, or put it in `quarantine` or `release` it."""
        return await self._call("POST", f"/robots/{robot_id}/{command}", json={"reason": reason} if reason else None)

    async def set_robot_pool(self, robot_id: str, pool: str | None) -> Answer:
        """Put a robot in a pool of the tenant's own, by id or name, or (None) take it out."""
        return await self._call("PUT", f"/robots/{robot_id}/pool", json={"pool": pool})

    async def delete_robot(self, robot_id: str) -> Answer:
        """Remove a robot; what it holds is released."""
        return await self._call("DELETE", f"/robots/{robot_id}")

    async def create_robot_api_key(
        self, name: str, robot_id: str | None = None, expires_at: str | None = None
    ) -> Answer:
        """A new robot key; `key` is shown this once."""
        return await self._create("/robot-api-keys", {"name": name, "robot_id": robot_id, "expires_at": expires_at})

    async def list_keys(self, kind: str = "service", **filters: Any) -> Answer:
        """`{keys, total, limit, offset}` of kind `service` or `robot`, newest first; never the keys themselves."""
        return await self._call("GET", _KEYS[kind], params=filters)

    async def create_service_key(self, name: str, scopes: Sequence[str], expires_at: str | None = None) -> Answer:
        """A key for a program that may do what `scopes` say; `key` is shown this once."""
        return await self._create("/api-keys", {"name": name, "scopes": list(scopes), "expires_at": expires_at})

    async def revoke_key(self, api_key_id: str, kind: str = "service") -> Answer:
        """End a key at once."""
        return await self._call("POST", f"{_KEYS[kind]}/{api_key_id}/revoke")

    async def rotate_key(self, api_key_id: str, kind: str = "service", overlap_seconds: int = 0) -> Answer:
        """A key in another's place; `key` is shown this once."""
        return await self._create(f"{_KEYS[kind]}/{api_key_id}/rotate", {"overlap_seconds": overlap_seconds})

    async def import_robot_token(self, robot_id: str, sha256: str) -> Answer:
        """Let a token that a robot uses already work here, by its SHA-256 in hex."""
        return await self._call("POST", "/robot-api-keys/import", json={"robot_id": robot_id, "sha256": sha256})

    async def list_events(self, after: int = 0, limit: int = 100) -> Answer:
        """`{events, next}`: what happened after the event with that number."""
        return await self._call("GET", "/events", params={"after": after, "limit": limit})

    # --- shared pools ---------------------------------------------------------------------------------------------

    async def list_pools(self) -> Answer:
        """`{pools}` that the tenant owns, is a member of or is invited to (`standing`)."""
        return await self._call("GET", "/pools")

    async def create_pool(self, name: str) -> Answer:
        """A pool of the tenant's own; robots come in by `set_robot_pool`."""
        return await self._create("/pools", {"name": name})

    async def delete_pool(self, pool: str) -> Answer:
        """End an own pool; jobs that asked for it wait."""
        return await self._call("DELETE", f"/pools/{_quoted(pool)}")

    async def list_pool_members(self, pool: str) -> Answer:
        """`{members}` of an own pool, and those invited."""
        return await self._call("GET", f"/pools/{_quoted(pool)}/members")

    async def put_pool_member(self, pool: str, tenant: str, weight: int = 1, max_running: int | None = None) -> Answer:
        """Invite a tenant, by slug or id, to an own pool, or change the terms of a member."""
        body = {"weight": weight, "max_running": max_running}
        return await self._call("PUT", f"/pools/{_quoted(pool)}/members/{_quoted(tenant)}", json=body)

    async def remove_pool_member(self, pool: str, tenant: str) -> Answer:
        """Take a member out of an own pool, or an invitation back."""
        return await self._call("DELETE", f"/pools/{_quoted(pool)}/members/{_quoted(tenant)}")

    async def accept_pool(self, pool: str) -> Answer:
        """Accept an invitation: jobs with `pool` then go to its robots."""
        return await self._call("POST", f"/pools/{_quoted(pool)}/accept")

    async def leave_pool(self, pool: str) -> Answer:
        """Leave a pool, or decline the invitation to it."""
        return await self._call("POST", f"/pools/{_quoted(pool)}/leave")

    # --- metrics --------------------------------------------------------------------------------------------------

    async def get_fleet_metrics(self) -> Answer:
        """Robots by state, jobs in hand and waiting, and the day so far."""
        return await self._call("GET", "/metrics/fleet")

    async def list_robot_metrics(self, status: str | None = None) -> list[Answer]:
        """The robots with what each last measured of its machine."""
        found: Any = await self._call("GET", "/metrics/robots", params={"status": status} if status else None)
        return list(found)

    async def get_robot_metrics(self, robot_id: str) -> Answer:
        """A robot, what it last measured, and its jobs of today."""
        return await self._call("GET", f"/metrics/robots/{robot_id}")

    async def list_job_metrics(self, **filters: Any) -> list[Answer]:
        """The newest jobs: filters are `limit` (1 to 500), `status`, `workflow_id` and `robot_id`."""
        found: Any = await self._call("GET", "/metrics/jobs", params=filters)
        return list(found)

    async def get_job_metrics(self, job_id: str) -> Answer:
        """A job with the `node_executions` of its newest attempt."""
        return await self._call("GET", f"/metrics/jobs/{job_id}")

    async def get_analytics(self, days: int = 7) -> Answer:
        """How the jobs of the last `days` (1 to 90) ended: rates, durations in ms, errors, the slowest workflows."""
        return await self._call("GET", "/metrics/analytics", params={"days": days})

    async def list_activity(self, **filters: Any) -> Answer:
        """`{events, total}`, newest first: filters are `limit` (1 to 200), `since` (ISO 8601) and `event_type`."""
        return await self._call("GET", "/metrics/activity", params=filters)

    # --- helpers --------------------------------------------------------------------------------------------------

    async def _create(self, path: str, body: Mapping[str, Any] | None) -> Answer:
        return await self._call("POST", path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())})

    async def _list(self, path: str, filters: Mapping[str, Any]) -> list[Answer]:
        await self.access_token()
        answer: list[Answer] = await self._http.call("GET", "/api/v1" + path, params=filters)
        return answer

    async def _call(self, method: str, path: str, **arguments: Any) -> Answer:
        await self.access_token()
        answer: Answer = await self._http.call(method, "/api/v1" + path, **arguments)
        return answer


def _quoted(name: str) -> str:
    """A name as one segment of a path."""
    return quote(name, safe="")


def _news_of(event: str, payload: Mapping[str, Any]) -> Answer:
    """What a push on `job:<id>` says of the job: a node's beginning is where the job is, its end is no news."""
    if event.startswith("job."):
        return dict(payload)
    return {"current_node": payload.get("node_id")} if event == "node.started" else {}
