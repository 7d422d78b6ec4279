"""What must be true after the storm, read from the database and from the list of deaths."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bench.storm.world import StormWorld

RESCUE_SECONDS = 5
CALL_SECONDS = timedelta(seconds=1)


@dataclass
class Deaths:
    """Who was killed when; and when Postgres was away, which is nobody's lateness."""

    robots: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    outages: list[tuple[datetime, datetime]] = field(default_factory=list)

    def first_between(self, robot_id: str, after: datetime, before: datetime) -> datetime | None:
        """The death that took a lease away."""
        return next((time for time in self.robots[robot_id] if after <= time <= before), None)

    def outages_of_lease(self, claimed_at: datetime, rescued_at: datetime) -> timedelta:
        """By how much it was lengthened: by each outage in which it was held, also if it was renewed right after.

        An outage begins with the last call before it, which is known to the second.
        """
        lengths = (end - begin + CALL_SECONDS for begin, end in self.outages if begin < rescued_at and end > claimed_at)
        return sum(lengths, timedelta())


def find_problems(world: StormWorld, jobs: int) -> list[str]:
    """Everything that is lost, twice, in a wrong place or told wrongly; nothing here depends on how fast it went."""
    numbered = (
        "select sum(private.sequence_tenant_events(t.tenant_id, p_is_whole => true)) as n from public.tenants as t"
    )
    while world.rows(numbered)[0]["n"]:
        pass
    checks = {
        "numbers without exactly one effect": (
            "select g.n from generate_series(0, %s - 1) as g (n) left join storm.effects as e on e.number = g.n "
            "group by g.n having count(e.job_id) <> 1",
            [jobs],
        ),
        "numbers without exactly one first job": (
            "select g.n from generate_series(0, %s - 1) as g (n) "
            "left join public.jobs as j on j.input = jsonb_build_object('number', g.n) and j.retry_of is null "
            "group by g.n having count(j.job_id) <> 1",
            [jobs],
        ),
        "completed jobs whose effect has another token, or none": (
            "select j.job_id from public.jobs as j left join storm.effects as e using (job_id) "
            "where (j.status = 'completed') is distinct from (e.job_id is not null) or j.lease_token <> e.lease_token",
            [],
        ),
        "jobs that did not end well, and were not queued again": (
            "select j.job_id, j.status from public.jobs as j where j.status <> 'completed' and not exists "
            "(select from public.dead_letters as d where d.job_id = j.job_id and d.requeued_job_id is not null)",
            [],
        ),
        "jobs that still wait or are held": (
            "select job_id from private.ready union all select job_id from private.scheduled "
            "union all select job_id from private.leases",
            [],
        ),
        "jobs with wrong attempts": (
            "select j.job_id, j.attempts from public.jobs as j join public.events as e using (job_id) "
            "group by j.job_id, j.attempts having j.attempts <> count(*) filter (where e.event_type = 'job.claimed') "
            "- (count(*) filter (where e.event_type = 'job.queued') - 1)",
            [],
        ),
        "jobs that ended other than once": (
            "select job_id from public.events where job_id is not null group by job_id "
            "having count(*) filter (where event_type in ('job.completed', 'job.failed')) <> 1",
            [],
        ),
        "gaps in the sequence of events": (
            "select tenant_id from public.events group by tenant_id having count(*) <> max(seq)",
            [],
        ),
    }
    problems = []
    for name, (query, parameters) in checks.items():
        rows = world.rows(query, *parameters)
        if rows:
            problems.append(f"{len(rows)} {name}: {[tuple(row.values()) for row in rows[:3]]}")
    return problems


def rescues(world: StormWorld) -> list[dict[str, Any]]:
    """Each lease that ended by itself: the job, its robot, and when it was claimed and rescued."""
    return world.rows(
        """
        select r.job_id, r.robot_id::text, r.occurred_at as rescued_at, max(c.occurred_at) as claimed_at
        from public.events as r
        join public.events as c
            on c.tenant_id = r.tenant_id and c.job_id = r.job_id and c.event_type = 'job.claimed' and c.seq < r.seq
        where r.event_type in ('job.retrying', 'job.failed')
            and r.data ->> 'error_type' in ('LEASE_EXPIRED', 'POISON_JOB')
        group by r.job_id, r.robot_id, r.occurred_at
        """
    )


def delays_after_death(world: StormWorld, deaths: Deaths) -> list[float]:
    """For each job that a dead robot held: the seconds from the death to the rescue, but for outages of Postgres."""
    delays = []
    for row in rescues(world):
        died_at = deaths.first_between(row["robot_id"], row["claimed_at"], row["rescued_at"])
        if died_at is not None:
            passed = row["rescued_at"] - died_at - deaths.outages_of_lease(row["claimed_at"], row["rescued_at"])
            delays.append(passed.total_seconds())
    return sorted(delays)


def ended_without_death(world: StormWorld, deaths: Deaths) -> list[str]:
    """The jobs of leases that ended though their robot lived and Postgres was there: answers to claims were lost, or
    renewals did not arrive in time."""
    return [
        str(row["job_id"])
        for row in rescues(world)
        if deaths.first_between(row["robot_id"], row["claimed_at"], row["rescued_at"]) is None
        and not deaths.outages_of_lease(row["claimed_at"], row["rescued_at"])
    ]


def find_problems_at_the_edge(world: StormWorld, deaths: Deaths) -> list[str]:
    """What a bad network alone must not do: make poison of a job, or leave a result that was never brought."""
    poisoned = {
        str(row["job_id"]) for row in world.rows("select job_id from public.dead_letters where reason = 'poison'")
    }
    blamed = poisoned.intersection(ended_without_death(world, deaths))
    problems = (
        [f"{len(blamed)} jobs are poison for which a robot is blamed that lived: {sorted(blamed)[:3]}"]
        if blamed
        else []
    )
    left = [path for path in world.folder.glob("*/spool/*") if path.suffix in (".json", ".broken")]
    ended = {str(row["job_id"]) for row in world.rows("select job_id from public.jobs where status = 'completed'")}
    lost = [path.name for path in left if path.name.split(".")[0] not in ended or path.suffix == ".broken"]
    if lost:
        problems.append(f"{len(lost)} results were never brought: {lost[:3]}")
    return problems


def allowed_delay(lease_seconds: int) -> float:
    """A lease that was renewed just before the death, and a rescue that had run just before the lease's end."""
    return float(lease_seconds + RESCUE_SECONDS)
