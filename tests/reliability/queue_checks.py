"""What must be true of the queue after every step: each fact that is stored or shown is the model's."""

import uuid
from collections import Counter, defaultdict
from typing import Any

from tests.fleets import call_all
from tests.reliability.queue_model import Queue
from tests.reliability.queue_values import Job, LimitName
from tests.reliability.queue_world import Opened


class Checks:
    """The database beside its model."""

    def __init__(self, real: Opened, model: Queue) -> None:
        self.real, self.model = real, model
        self.seen_seq = 0
        self.seen_events: dict[uuid.UUID, list[str]] = defaultdict(list)

    def check_all(self) -> None:
        """Every fact."""
        self.every_job_is_in_its_one_place()
        self.leases_are_right()
        self.counters_equal_reality()
        self.the_stored_rows_are_right()
        self.people_see_the_same()
        self.events_have_no_gap_and_tell_each_transition()

    def every_job_is_in_its_one_place(self) -> None:
        """And in its one lane: a lane is one demand, and a demand one lane."""
        rows = self.real.owner.execute(
            """
            select 'ready' as place, r.job_id, r.attempts, null::timestamptz as run_at, r.lane_id
            from private.ready as r
            union all
            select 'scheduled', s.job_id, s.attempts, s.run_at, s.lane_id from private.scheduled as s
            union all
            select 'leases', l.job_id, l.attempt - 1, null, l.lane_id from private.leases as l
            """
        ).fetchall()
        expected = Counter(
            (job.place, job.job_id, job.attempts, job.run_at)
            for job in self.model.jobs.values()
            if job.place != "nowhere"
        )
        assert Counter((row["place"], row["job_id"], row["attempts"], row["run_at"]) for row in rows) == expected
        for row in rows:
            assert self.model.lane_ids.setdefault(self.model.jobs[row["job_id"]].lane, row["lane_id"]) == row["lane_id"]
        assert len(set(self.model.lane_ids.values())) == len(self.model.lane_ids)
        promoted = self.real.owner.execute(
            "select lane_id, promotion from private.lanes where promotion > 0"
        ).fetchall()
        assert {row["lane_id"]: row["promotion"] for row in promoted} == {
            self.model.lane_ids[lane]: ageing.promotion for lane, ageing in self.model.lanes.items() if ageing.promotion
        }

    def leases_are_right(self) -> None:
        """Who holds what, until when, by which token."""
        rows = self.real.owner.execute(
            "select job_id, robot_id, lease_token, attempt, lease_expires_at, timeout_at, started_at, progress, "
            "cancel_requested_at from private.leases"
        ).fetchall()
        for row in rows:
            lease = self.model.jobs[row["job_id"]].held
            found = (
                self.real.names[row["robot_id"]],
                row["lease_token"],
                row["attempt"],
                row["lease_expires_at"],
                row["timeout_at"],
                row["started_at"] is not None,
                row["progress"],
                row["cancel_requested_at"] is not None,
            )
            assert found == (
                lease.robot,
                lease.token,
                lease.attempt,
                lease.expires_at,
                lease.timeout_at,
                lease.is_started,
                lease.progress,
                lease.is_cancel_requested,
            )

    def counters_equal_reality(self) -> None:
        """Each limit as it was set, with as many jobs as are held."""
        found = {self._name_of(row): self._numbers_of(row) for row in self._limits()}
        assert found == {
            name: (limit.max_running, limit.on_collision, self.model.running(name))
            for name, limit in self.model.limits.items()
        }

    def the_stored_rows_are_right(self) -> None:
        """Jobs, dead letters, late results, dedupe keys, logs."""
        rows = self.real.owner.execute(
            "select job_id, status::text, attempts, lease_token, retry_of, result from public.jobs"
        ).fetchall()
        found = {row.pop("job_id"): tuple(row.values()) for row in rows}
        assert found == {job.job_id: stored(job) for job in self.model.kept()}
        letters = self.real.owner.execute("select job_id, reason, resolved_at from public.dead_letters").fetchall()
        assert {row["job_id"]: row["reason"] for row in letters} == self.model.dead_letters
        assert {row["job_id"] for row in letters if row["resolved_at"]} == self.model.resolved_letters
        kept = self.real.owner.execute("select job_id, lease_token, outcome from public.late_results").fetchall()
        assert Counter(tuple(row.values()) for row in kept) == self.model.late_results
        keys = self.real.owner.execute("select dedupe_key, job_id from private.dedupe_keys").fetchall()
        assert {row["dedupe_key"]: row["job_id"] for row in keys} == self.model.keys
        logs = self.real.owner.execute("select job_id from public.job_logs").fetchall()
        assert Counter(row["job_id"] for row in logs) == Counter({job.job_id: job.logs for job in self.model.kept()})

    def people_see_the_same(self) -> None:
        """Jobs and robots as a member of the tenant sees them."""
        rows = self.real.member.execute("select job_id, status::text from public.live_jobs").fetchall()
        assert {row["job_id"]: row["status"] for row in rows} == {job.job_id: job.word for job in self.model.kept()}
        fleet = self.real.member.execute(
            "select external_id, load, current_job_ids, quarantined_at is not null as is_quarantined "
            "from public.live_robots"
        ).fetchall()
        assert {row.pop("external_id"): tuple(row.values()) for row in fleet} == {
            name: (len(held), sorted(job.job_id for job in held), robot.is_quarantined)
            for name, robot in self.model.robots.items()
            for held in [self.model.held_by(name)]
        }
        failures = self.real.owner.execute("select robot_id, failures from private.robot_failures").fetchall()
        assert {self.real.names[row["robot_id"]]: row["failures"] for row in failures} == {
            robot.name: robot.failures for robot in self.model.robots.values() if robot.failures
        }

    def events_have_no_gap_and_tell_each_transition(self) -> None:
        """The history of each job, from the events alone."""
        rows = call_all(self.real.member, "list_events", after=self.seen_seq, limit=1000)
        assert [row["seq"] for row in rows] == [self.seen_seq + n for n in range(1, len(rows) + 1)]
        self.seen_seq += len(rows)
        for row in rows:
            if row["event_type"].startswith("job."):
                self.seen_events[row["job_id"]].append(row["event_type"])
        assert self.seen_events == {job.job_id: job.events for job in self.model.jobs.values()}

    def _limits(self) -> list[dict[str, Any]]:
        return [row["list_limits"] for row in call_all(self.real.member, "list_limits")]

    def _name_of(self, limit: dict[str, Any]) -> LimitName:
        workflow_id = limit["workflow_id"]
        workflow = self.real.workflow_names[uuid.UUID(workflow_id)] if workflow_id else None
        return limit["scope"], workflow or limit["concurrency_key"]

    def _numbers_of(self, limit: dict[str, Any]) -> tuple[int, str, int]:
        return limit["max_running"], limit["on_collision"], limit["running"]


def stored(job: Job) -> tuple[object, ...]:
    """The row of a job, in the order of the query."""
    result = {"token": job.reported_token} if job.status == "completed" else None
    return job.status, job.attempts, job.reported_token, job.retry_of, result
