"""What the storm blows over: a durable Postgres, a tenant, its robots, jobs and the log of their effects."""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from tests.databases import Database, set_claims
from tests.factories import Robot, Tenant, Workflow, make_robot, make_tenant, make_workflow

from casare_cloud.local.postgres import PostgresServer

BATCH = 200
SLOTS = 10
EFFECTS = """
create schema storm;
create table storm.effects (
    job_id uuid not null,
    lease_token bigint not null,
    number integer not null,
    process_id integer not null,
    written_at timestamptz not null default clock_timestamp(),
    constraint effects_pkey primary key (job_id, lease_token)
);
grant usage on schema storm to authenticated;
grant select, insert on storm.effects to authenticated;
"""
EFFECT_OF_COMPLETION = """
create function storm.write_effect() returns trigger language plpgsql security definer as $$
begin
    insert into storm.effects (job_id, lease_token, number, process_id)
    values (new.job_id, new.lease_token, (new.input ->> 'number')::integer, 0);
    return null;
end
$$;
create trigger write_effect after update of status on public.jobs
for each row when (new.status = 'completed' and old.status <> 'completed') execute function storm.write_effect();
"""
WORKFLOW = {
    "nodes": [
        {"id": "start", "type": "StartNode"},
        {"id": "log", "type": "LogNode", "config": {"message": "number {{number}}"}},
        {"id": "end", "type": "EndNode", "config": {"result": "{{number}}"}},
    ],
    "connections": [{"source": "start", "target": "log"}, {"source": "log", "target": "end"}],
}


@dataclass(frozen=True)
class StormWorld:
    """One tenant, alone in its database."""

    database: Database
    tenant: Tenant
    workflow: Workflow
    robots: list[Robot]
    folder: Path  # of agents: what they keep on disk

    def rows(self, query: str, *parameters: Any) -> list[dict[str, Any]]:
        """What the owner of the schema sees, over a connection of its own."""
        with self.database.connect() as owner:
            return owner.execute(query, list(parameters)).fetchall()

    def claims(self, number: int) -> str:
        """The claims of a robot, as text."""
        return json.dumps(self.robots[number].claims, default=str)

    def nature_of_agent(self, number: int, url: str) -> dict[str, Any]:
        """What an agent is to be; every second one is in direct mode."""
        robot = self.robots[number]
        return {
            "url": url,
            "key": robot.key.text,
            "robot_id": robot.external_id,
            "transport": ("rest", "direct")[number % 2],
            "folder": str(self.folder / robot.external_id),
        }

    def have_effects_written_by_completions(self) -> None:
        """An agent completes over HTTP: the transaction that completes the job writes the effect."""
        with self.database.connect() as owner:
            owner.execute(EFFECT_OF_COMPLETION)


def make_storm_world(server: PostgresServer, robots: int, folder: Path) -> StormWorld:
    """Makes the tenant and its robots in a server that is fresh."""
    server.bootstrap()
    server.load_schema()
    database = Database(server, "postgres")
    tenant = make_tenant(database)
    with database.connect() as owner:
        owner.execute(EFFECTS)
    with database.connect("authenticated", tenant.admin.claims) as admin:
        # Robots that are killed are no bad robots; pushes are not what is looked at here.
        admin.execute("select public.update_tenant(p_quarantine_after_failures => 0)")
    with database.connect() as owner:
        owner.execute("""update public.tenants set settings = settings || '{"realtime": {"jobs": false}}'""")
    made = [make_robot(database, tenant, f"storm-{number}", max_concurrent_jobs=SLOTS) for number in range(robots)]
    return StormWorld(database, tenant, make_workflow(database, tenant, "Storm", WORKFLOW), made, folder)


class Feeder(threading.Thread):
    """Enqueues numbered jobs in batches. When an answer is lost it looks which jobs are there, and goes on."""

    def __init__(self, world: StormWorld, jobs: int) -> None:
        super().__init__(daemon=True)
        self._world = world
        self._jobs = jobs
        self.acknowledged = 0

    def run(self) -> None:
        missing = list(range(self._jobs))
        while missing:
            try:
                with self._world.database.connect() as owner:
                    there = owner.execute(
                        "select (input ->> 'number')::integer as number from public.jobs where retry_of is null"
                    ).fetchall()
                    gone = {row["number"] for row in there}
                    missing = [number for number in missing if number not in gone]
                    set_claims(owner, self._world.tenant.admin.claims, local=False)
                    while missing:
                        self._enqueue(owner, missing[:BATCH])
                        del missing[:BATCH]
                        self.acknowledged = self._jobs - len(missing)
            except psycopg.OperationalError:
                time.sleep(0.2)

    def _enqueue(self, connection: psycopg.Connection[Any], numbers: list[int]) -> None:
        jobs = [
            {
                "workflow_id": str(self._world.workflow.workflow_id),
                "input": {"number": number},
                "max_attempts": 100,
                "retry_policy": {"policy": "fixed", "base_delay_seconds": number % 2},
                "priority": number % 3,
            }
            for number in numbers
        ]
        rows = connection.execute("select job_id, error_message from public.enqueue_jobs(%s)", [Jsonb(jobs)]).fetchall()
        assert all(row["job_id"] for row in rows), rows


def requeue_poison(world: StormWorld) -> int:
    """What a person does with jobs that two robots died of: they were innocent, and shall run again."""
    with world.database.connect("authenticated", world.tenant.admin.claims) as admin:
        return len(
            admin.execute(
                "select public.requeue_dead_letter(job_id) from public.dead_letters "
                "where reason = 'poison' and resolved_at is null"
            ).fetchall()
        )
