"""Helpers of the race tests: sessions beside each other, two in a chosen order or sixteen let loose at once."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from tests.databases import Connection
from tests.factories import Robot
from tests.fleets import Fleet, Row, call, call_all

SESSIONS = 16
PATIENCE_SECONDS = 120.0  # a safety net: nothing here is about how long it takes
Answer = TypeVar("Answer")


def beside(work: Callable[[], Answer]) -> "Future[Answer]":
    """Starts work that may have to wait for what this thread holds."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(work)
    executor.shutdown(wait=False)
    return future


def at_once(works: Sequence[Callable[[], Answer]]) -> list[Answer]:
    """Lets all of them go in the same moment; their answers, in order. An error of one is an error."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Answer]) -> Answer:
        gate.wait(PATIENCE_SECONDS)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return [future.result(PATIENCE_SECONDS) for future in [threads.submit(run, work) for work in works]]


def is_waiting(fleet: Fleet, seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether a session of this database comes to wait for a lock, in so many seconds at most."""
    deadline = time.monotonic() + seconds
    with fleet.database.connect() as watcher:
        while time.monotonic() < deadline:
            row = watcher.execute(
                "select count(*) as n from pg_locks as l join pg_stat_activity as a using (pid) "
                "where not l.granted and a.datname = current_database()"
            ).fetchone()
            if row and row["n"]:
                return True
            time.sleep(0.001)
    return False


@contextmanager
def impatient(connection: Connection) -> Iterator[Connection]:
    """A session that must not have to wait: an error where it would."""
    connection.execute("set lock_timeout = '2s'")
    yield connection
    connection.execute("set lock_timeout = 0")


def session_of(fleet: Fleet, robot: Robot | None = None) -> Connection:
    """One more session of a robot, or of the tenant's admin, at the fleet's time."""
    claims = robot.claims if robot else fleet.tenant.admin.claims
    connection = fleet.database.connect("authenticated", claims)
    connection.execute("select set_config('casare.now', %s, false)", [str(fleet.now)])
    return connection


def answer_of(connection: Connection, function: str, **arguments: object) -> Any:
    """What a function of one value says, or the code with which it refuses."""
    try:
        row = call(connection, function, **arguments)
        answer = row.get(function, row)
    except psycopg.Error as error:
        if error.sqlstate is None or not error.sqlstate.startswith("PT"):
            raise
        return error.diag.message_detail
    return answer["details"] if isinstance(answer, dict) and "details" in answer else answer


def claim(connection: Connection, limit: int = 1, **arguments: object) -> list[Row]:
    """What a claim gives."""
    return call_all(connection, "claim_jobs", limit=limit, **arguments)


def assert_each_job_is_in_one_place(fleet: Fleet) -> None:
    """Waiting jobs stand in exactly one of ready, scheduled and leases; ended ones in none."""
    wrong = fleet.owner.execute(
        """
        select j.job_id, j.status, count(p.place)::int as places
        from public.jobs as j
        left join (
            select job_id, 'ready' as place from private.ready
            union all select job_id, 'scheduled' from private.scheduled
            union all select job_id, 'leases' from private.leases
        ) as p using (job_id)
        group by j.job_id, j.status
        having count(p.place) <> case when j.status = 'queued' then 1 else 0 end
        """
    ).fetchall()
    assert wrong == []
