"""Other queues with their own clients, beside casare_cloud with a client of the same kind, on the same server.

They are installed for this alone, into .cache/bench-peers, in the versions below. Every client is one process with
eight jobs at a time that do nothing; it puts the jobs in by batches of 1,000 and then works until none is left.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from bench import workload
from bench.report import median, progress, table
from bench.workload import Connection, Tenant

PYTHON_PACKAGES = ("procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9", "pgmq==1.1.4")
NPM_PACKAGES = ("graphile-worker@0.18.0",)
HOME = Path(__file__).parents[1] / ".cache" / "bench-peers"
CLIENTS = Path(__file__).parent / "clients"
DATABASE = "bench_peers"
CONCURRENCY = 8


@dataclass(frozen=True)
class Installed:
    """Where the peers are, and why one is not there."""

    python: Path | str
    pgmq_sql: Path | None
    node: Path | str


@dataclass
class Peer:
    """A queue with its client: how it is started, and how many jobs it is given for each second of measuring."""

    title: str
    command: list[str] | str  # a text says why it cannot be measured
    dsn: str
    jobs_a_second: int
    extra: dict[str, Any] = field(default_factory=dict)
    left: str = ""  # a query for the jobs that are not done
    inserted: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)


def install() -> Installed:
    """Installs what is missing; what cannot be installed is reported and not measured."""
    progress("queue: installing the peers")
    python, packages = HOME / "python" / "bin" / "python", HOME / "node" / "node_modules"
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *PYTHON_PACKAGES]
    problem = _run([sys.executable, "-m", "venv", str(HOME / "python")]) or _run(pip)
    found = list((HOME / "python").glob("lib/*/site-packages/pgmq/sql/pgmq.sql"))
    (HOME / "node").mkdir(parents=True, exist_ok=True)
    npm = ["npm", "install", "--prefix", str(HOME / "node"), "--ignore-scripts", "--loglevel=error", *NPM_PACKAGES]
    node_problem = _run(npm)
    return Installed(problem or python, found[0] if found and not problem else None, node_problem or packages.parent)


def run(dsn: str, connection: Connection, installed: Installed, *, rounds: int, seconds: float) -> None:
    """Rounds of all peers in turn; the ratio is to casare_cloud with a client of the same kind."""
    tenants = [workload.make_tenant(connection, robots=CONCURRENCY) for _ in range(2)]
    workload.push(connection, tenants[1], is_on=False)
    connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))
    try:
        everyone = _peers(dsn, f"{dsn.rpartition('/')[0]}/{DATABASE}", tenants, installed)
        for number in range(rounds):
            for peer in everyone:
                if isinstance(peer.command, list):
                    progress(f"queue: {peer.title}, round {number + 1} of {rounds}")
                    _measure(peer, seconds)
    finally:
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(DATABASE)))
    base = median(everyone[0].worked)
    table(
        "Peers: jobs that do nothing, one client process with 8 at a time, commits awaited",
        ("queue and its client", "put in, by 1,000", "done, jobs per second", "ratio to casare_cloud"),
        [
            (
                peer.title,
                *(
                    (median(peer.inserted), median(peer.worked), median(peer.worked) / base)
                    if peer.worked
                    else (f"not measured: {peer.command}", "", "")
                ),
            )
            for peer in everyone
        ],
    )


def _peers(dsn: str, peers_dsn: str, tenants: list[Tenant], installed: Installed) -> list[Peer]:
    def casare(title: str, tenant: Tenant) -> Peer:
        unfinished = (
            f"select (select count(*) from private.ready as r where r.tenant_no = q.tenant_no) + "
            f"(select count(*) from private.leases as l where l.tenant_id = q.tenant_id) "
            f"from private.queue_tenants as q where q.tenant_id = '{tenant.tenant_id}'"
        )
        extra = {"admin": tenant.admin, "robots": tenant.robots, "workflow_id": tenant.workflow_id}
        return Peer(title, [sys.executable, str(CLIENTS / "casare_client.py")], dsn, 300, extra, unfinished)

    procrastinate: list[str] | str = str(installed.python)
    if isinstance(installed.python, Path):
        procrastinate = [str(installed.python), str(CLIENTS / "procrastinate_client.py")]
    graphile: list[str] | str = str(installed.node)
    if isinstance(installed.node, Path):  # Node looks for packages beside the file
        graphile = ["node", str(shutil.copy(CLIENTS / "graphile_client.mjs", installed.node))]
    return [
        casare("casare_cloud, Python (psycopg, asyncio)", tenants[0]),
        casare("casare_cloud, pushes off, Python (psycopg, asyncio)", tenants[1]),
        Peer(
            "procrastinate 3.10.0, Python (its worker, psycopg, asyncio)",
            procrastinate,
            peers_dsn,
            300,
            left="select count(*) from procrastinate_jobs where status <> 'succeeded'",
        ),
        Peer(
            "graphile-worker 0.18.0, Node (its runner; it keeps no history)",
            graphile,
            peers_dsn,
            1500,
            left="select count(*) from graphile_worker._private_jobs",
        ),
    ]


def _measure(peer: Peer, seconds: float) -> None:
    jobs = round(peer.jobs_a_second * seconds * 2)  # each client begins anew: its start must be a small part
    order = {"dsn": peer.dsn, "jobs": jobs, "concurrency": CONCURRENCY} | peer.extra
    assert isinstance(peer.command, list)
    finished = subprocess.run(
        [*peer.command], input=json.dumps(order), capture_output=True, text=True, check=False, timeout=600
    )
    if finished.returncode != 0:
        peer.command = _reason(finished.stderr)
        return
    with psycopg.connect(peer.dsn) as connection:
        row = connection.execute(peer.left.encode()).fetchone()
    if row is None or row[0] != 0:
        raise RuntimeError(f"{peer.title} left {row} jobs undone")
    answer = json.loads(finished.stdout.splitlines()[-1])
    peer.inserted.append(order["jobs"] / answer["inserting"])
    peer.worked.append(order["jobs"] / answer["working"])


def _run(command: list[str]) -> str:
    """Why a command could not be run to its end, or nothing."""
    try:
        finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    return _reason(finished.stderr) if finished.returncode != 0 else ""


def _reason(text: str) -> str:
    """The line of an output that most likely says what went wrong."""
    lines = text.strip().splitlines() or ["it said nothing"]
    return next((line for line in reversed(lines) if "rror: " in line), lines[-1]).strip()[:200]
