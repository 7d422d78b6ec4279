"""Runs the jobs of `cron.job` where pg_cron is not installed, with its rules.

Five-field expressions go by the minute in UTC, `N seconds` (1 to 59) counts from the last start. A job never runs
beside itself: a run that falls due meanwhile starts when the first one ends. Every run leaves a row in
`cron.job_run_details`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from croniter import croniter

log = logging.getLogger(__name__)

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
LONGEST_PAUSE = timedelta(seconds=30)
CONCURRENT_RUNS = 8
OWNER = "postgres"  # may read every job and write every record of a run


@dataclass(frozen=True)
class CronJob:
    """A row of `cron.job`."""

    jobid: int
    schedule: str
    command: str
    database: str
    username: str


def next_run(schedule: str, last: datetime) -> datetime:
    """The first due time after `last`; raises `ValueError` for a schedule that pg_cron would refuse."""
    words = schedule.split()
    if len(words) == 2 and words[1] in ("second", "seconds") and words[0].isdigit() and 1 <= int(words[0]) <= 59:
        return last + timedelta(seconds=int(words[0]))
    fields = ALIASES.get(schedule.strip().lower(), schedule).replace("$", "l")
    if len(fields.split()) != 5:
        raise ValueError(f"invalid schedule: {schedule}")
    following: datetime = croniter(fields, last.astimezone(UTC)).get_next(datetime)
    return following


class CronRunner:
    """A task that runs the jobs of one database until it is cancelled.

    `dsn(user, database)` tells how to log in as postgres and as the owner of a job (`PostgresServer.dsn` does), or
    raises `LookupError`. When the server goes away the runner waits until it is back.
    """

    def __init__(self, dsn: Callable[[str, str], str], database: str = "postgres") -> None:
        self._dsn = dsn
        self._database = database
        self._due: dict[int, tuple[CronJob, datetime]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._slots = asyncio.Semaphore(CONCURRENT_RUNS)

    async def run(self) -> None:
        """Serves until it is cancelled; ends the runs that are under way then."""
        pause = 0.2
        try:
            while True:
                try:
                    async with await self._connect(OWNER, self._database) as control:
                        pause = 0.2
                        await self._serve(control)
                except psycopg.Error as error:
                    log.warning("Cron lost the database and tries again: %s", str(error).strip().split("\n")[0])
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
        finally:
            await self._end_runs()

    async def load(self, control: psycopg.AsyncConnection, now: datetime) -> None:
        """Reads the jobs; a new or changed one is first due after `now`."""
        cursor = await control.execute(
            "select jobid, schedule, command, database, username from cron.job where active order by jobid"
        )
        due: dict[int, tuple[CronJob, datetime]] = {}
        for job in [CronJob(*row) for row in await cursor.fetchall()]:
            known = self._due.get(job.jobid)
            if known is not None and known[0] == job:
                due[job.jobid] = known
                continue
            try:
                due[job.jobid] = (job, next_run(job.schedule, now))
            except ValueError as error:
                log.warning("Job %s is never run: %s", job.jobid, error)
        self._due = due

    def tick(self, now: datetime) -> list[asyncio.Task[None]]:
        """Starts every job that is due at `now`, and returns the runs that it started."""
        started = []
        for jobid, (job, due) in self._due.items():
            if due > now:
                continue
            self._due[jobid] = (job, next_run(job.schedule, now))
            if jobid in self._running:
                self._again.add(jobid)
            else:
                started.append(self._start(job))
        return started

    async def _serve(self, control: psycopg.AsyncConnection) -> None:
        await control.execute("listen cron_jobs")
        await control.execute(
            "update cron.job_run_details set status = 'failed', return_message = 'server restarted', end_time = now() "
            "where status in ('starting', 'running') and jobid <> all (%s)",
            [list(self._running)],
        )
        while True:
            await self.load(control, datetime.now(UTC))
            now = datetime.now(UTC)
            until = min([due for _, due in self._due.values()], default=now + LONGEST_PAUSE)
            pause = min(max(until - now, timedelta(0)), LONGEST_PAUSE).total_seconds()
            async for _ in control.notifies(timeout=pause, stop_after=1):
                pass
            self.tick(datetime.now(UTC))

    def _start(self, job: CronJob) -> asyncio.Task[None]:
        task = asyncio.create_task(self._run(job), name=f"cron job {job.jobid}")
        self._running[job.jobid] = task
        return task

    async def _run(self, job: CronJob) -> None:
        try:
            while True:
                async with self._slots:
                    await self._run_once(job)
                if job.jobid not in self._again:
                    break
                self._again.discard(job.jobid)
        except psycopg.OperationalError as error:
            log.info("Job %s was cut off: %s", job.jobid, str(error).strip().split("\n")[0])
        finally:
            del self._running[job.jobid]
            self._again.discard(job.jobid)

    async def _run_once(self, job: CronJob) -> None:
        async with await self._connect(OWNER, self._database) as control:
            cursor = await control.execute(
                "insert into cron.job_run_details (jobid, database, username, command, status, start_time) "
                "values (%s, %s, %s, %s, 'running', clock_timestamp()) returning runid",
                [job.jobid, job.database, job.username, job.command],
            )
            (runid,) = await cursor.fetchone() or (None,)
            try:
                async with await self._connect(job.username, job.database) as connection:
                    await control.execute(
                        "update cron.job_run_details set job_pid = %s where runid = %s",
                        [connection.info.backend_pid, runid],
                    )
                    result = await connection.execute(job.command)
                    status, message = "succeeded", _message(result)
            except psycopg.Error as error:
                status, message = "failed", f"ERROR: {error.diag.message_primary or error}"
            except LookupError:
                status, message = "failed", f"ERROR: nobody knows how to log in as {job.username}"
            await control.execute(
                "update cron.job_run_details set status = %s, return_message = %s, end_time = clock_timestamp() "
                "where runid = %s",
                [status, message, runid],
            )

    async def _connect(self, user: str, database: str) -> psycopg.AsyncConnection:
        dsn = self._dsn(user, database)
        return await psycopg.AsyncConnection.connect(
            dsn, autocommit=True, connect_timeout=5, application_name="cron", prepare_threshold=None
        )

    async def _end_runs(self) -> None:
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError, psycopg.Error):
                await task


def _message(cursor: psycopg.AsyncCursor[tuple[object, ...]]) -> str:
    if cursor.description is not None:
        return f"{cursor.rowcount} row{'' if cursor.rowcount == 1 else 's'}"
    return cursor.statusmessage or ""
