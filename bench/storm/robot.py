"""A light robot that speaks SQL as the Data API does, or a real agent, and the nursery that forks it:
`python -m bench.storm.robot`.

The nursery imports everything once, reads one JSON object a line (what a robot is to be) and answers with the process
id. When its input ends it kills what it forked.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import Jsonb

from casare_cloud.robot import direct, rest  # noqa: F401 - imported before robots are forked, not by each
from casare_cloud.robot.agent import run_agent

RENEW_AFTER_SECONDS = 1.5
AGENT_SLOTS = 2
Connection = psycopg.Connection[DictRow]


def nursery() -> None:
    """Forks robots until the input ends."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                nature = json.loads(line)
                (live_as_agent if "url" in nature else live)(nature)
            finally:
                os._exit(1)
        print(pid, flush=True)
    os.killpg(0, signal.SIGKILL)


def live_as_agent(nature: dict[str, Any]) -> None:
    """The robot that people run; what it tells goes to a file in its folder."""
    folder = Path(nature["folder"])
    folder.mkdir(exist_ok=True)
    with (folder / "events").open("a", buffering=1, encoding="utf-8") as events:
        run_agent(
            orchestrator_url=nature["url"],
            api_key=nature["key"],
            robot_id=nature["robot_id"],
            transport=nature["transport"],
            concurrency=AGENT_SLOTS,
            lease_seconds=nature["lease_seconds"],
            work_dir=folder,
            on_event=lambda event: print(event.kind, event.message, file=events),
        )


def live(nature: dict[str, Any]) -> None:
    """Claims and works until it is killed; whatever happens to the connection, it keeps what it holds in mind."""
    chance = random.Random(nature["seed"])  # noqa: S311
    held: list[dict[str, Any]] = []
    while True:
        try:
            with psycopg.connect(nature["dsn"], autocommit=True, row_factory=dict_row, connect_timeout=5) as connection:
                connection.execute("select set_config('role', 'authenticated', false)")
                connection.execute("select set_config('request.jwt.claims', %s, false)", [nature["claims"]])
                while True:
                    work(connection, held, chance, nature["lease_seconds"])
        except psycopg.OperationalError:
            time.sleep(0.1 + 0.2 * chance.random())


def work(connection: Connection, held: list[dict[str, Any]], chance: random.Random, lease_seconds: int) -> None:
    """One round: claims when it holds nothing, ends what it holds, job by job."""
    if not held:
        held += connection.execute(
            "select job_id, lease_token, attempt, input from public.claim_jobs(%s, %s)",
            [chance.randint(1, 4), lease_seconds],
        ).fetchall()
        if not held:
            time.sleep(0.1 + 0.2 * chance.random())
    renewed_at = time.monotonic()
    while held:
        if not held[0].get("is_started") and not start(connection, held[0]):
            held.pop(0)
            continue
        time.sleep(0.02 * chance.random())
        if time.monotonic() - renewed_at > RENEW_AFTER_SECONDS:
            renew(connection, held, lease_seconds)
            renewed_at = time.monotonic()
            continue
        end(connection, held[0], chance)
        held.pop(0)


def start(connection: Connection, job: dict[str, Any]) -> bool:
    """Whether the job is still this robot's to run."""
    try:
        connection.execute("select public.start_job(%s, %s)", [job["job_id"], job["lease_token"]])
    except psycopg.Error as error:  # the lease was lost
        if error.sqlstate != "PT409":
            raise
        return False
    job["is_started"] = True
    return True


def renew(connection: Connection, held: list[dict[str, Any]], lease_seconds: int) -> None:
    """Keeps what it holds, and forgets what it lost."""
    leases = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"]} for job in held]
    rows = connection.execute(
        "select job_id, renewed from public.renew_leases(%s, %s)", [Jsonb(leases), lease_seconds]
    ).fetchall()
    kept = {row["job_id"] for row in rows if row["renewed"]}
    held[:] = [job for job in held if job["job_id"] in kept]


def end(connection: Connection, job: dict[str, Any], chance: random.Random) -> None:
    """Ends an attempt: mostly with an effect that is written by the transaction that completes the job."""
    key = [job["job_id"], job["lease_token"]]
    fate = chance.random()
    if fate < 0.02:
        try:
            connection.execute("select public.release_job(%s, %s)", key)
        except psycopg.Error as error:  # the lease was lost
            if error.sqlstate != "PT409":
                raise
    elif fate < 0.04 and job["attempt"] < 20:
        connection.execute("select public.fail_job(%s, %s, 'bad luck')", key)
    else:
        with connection.transaction():
            row = connection.execute("select public.complete_job(%s, %s, %s) as answer", [*key, Jsonb({})]).fetchone()
            assert row is not None
            # A completion that is sent again, because its answer was lost, is answered the same: so the token is the
            # key of the effect.
            if row["answer"].get("outcome") == "applied":
                connection.execute(
                    "insert into storm.effects (job_id, lease_token, number, process_id) values (%s, %s, %s, %s) "
                    "on conflict (job_id, lease_token) do nothing",
                    [*key, job["input"]["number"], os.getpid()],
                )


if __name__ == "__main__":
    nursery()
