"""Random lives of the queue: every verb is called on Postgres and on the model, and both must say and hold the same."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, multiple, rule
from tests.fleets import call
from tests.reliability.queue_base import choices, id_and_status, jobs, lease_seconds, new_ids, policies, robots
from tests.reliability.queue_members import Members
from tests.reliability.queue_robots import Robots
from tests.reliability.queue_values import LimitName, OnCollision, Policy, Refused, Wish

limit_names: st.SearchStrategy[LimitName] = st.sampled_from(
    [("tenant", None), ("workflow", "main"), ("workflow", "main"), ("workflow", "doomed"), ("key", "k"), ("key", "k")]
)
rules: st.SearchStrategy[OnCollision] = st.sampled_from(["queue", "cancel_newest", "cancel_running"])
sizes = st.sampled_from([0, 1, 1, 2, 2, 3])
DUTIES = ["promote_scheduled_jobs", "rescue_expired_leases", "rescue_expired_leases", "check_waiting_quotas"]


class QueueMachine(Members, Robots):
    """Members and robots, and what limits, time and crashes do to both."""

    @initialize(
        target=jobs,
        policy=policies,
        max_attempts=st.integers(1, 3),
        seconds=lease_seconds,
        limits=st.lists(st.tuples(limit_names, sizes, rules), max_size=2),
    )
    def begin_in_the_middle(
        self, policy: Policy, max_attempts: int, seconds: int, limits: list[tuple[LimitName, int, OnCollision]]
    ) -> object:
        """Some limits, and some work that is held already, so that every example has something to go wrong with."""
        wish = Wish(policy=policy, max_attempts=max_attempts)
        first = [self.enqueued(wish, id_and_status(self.ask(wish))) for _ in range(3)]
        self.claim_for("plain", 1, seconds)
        self.claim_for("skilled", 1, seconds)
        for name, max_running, on_collision in limits:
            self._set_limit(name, max_running, on_collision)
        return multiple(*new_ids(*first))

    # Limits

    @rule(name=limit_names, max_running=sizes, on_collision=rules)
    def set_limit(self, name: LimitName, max_running: int, on_collision: OnCollision) -> None:
        """A new limit, or another number: also one that more are held than."""
        self._set_limit(name, max_running, on_collision)

    def _set_limit(self, name: LimitName, max_running: int, on_collision: OnCollision) -> None:
        on_collision = on_collision if name[0] == "key" else "queue"
        answer = self.attempt(
            self.real.member,
            "set_limit",
            **self.real.name_limit(name),
            max_running=max_running,
            on_collision=on_collision,
        )
        expected = self.model.set_limit(name, max_running, on_collision)
        assert (answer if isinstance(answer, Refused) else answer["running"]) == expected

    @rule(name=limit_names)
    def remove_limit(self, name: LimitName) -> None:
        answer = self.attempt(self.real.member, "remove_limit", **self.real.name_limit(name))
        expected = self.model.remove_limit(name)
        assert (answer if isinstance(answer, Refused) else answer["running"]) == expected

    # Time

    @rule(seconds=st.sampled_from([0.5, 1, 3, 6, 6, 15, 61, 4000]))
    def let_time_pass(self, seconds: float) -> None:
        self.travel(seconds)

    @rule(name=robots, seconds=st.sampled_from([11, 40, 61, 300]))
    def be_away(self, name: str, seconds: int) -> None:
        """Nobody is heard for a while; then a robot is. A Postgres that was started meanwhile was away in any case."""
        must_be_noted = self.model.has_lease_that_runs_out_within(2 * seconds)
        before = self.real.newest_outage()
        self.real.be_silent(seconds)
        self.travel(seconds)
        call(self.real.robots[name], "record_heartbeat")
        self.model.robots[name].is_signed_off = False
        outage = self.real.newest_outage()
        if outage != before:
            began_at, ended_at = outage
            assert timedelta() <= self.model.now - ended_at < timedelta(milliseconds=1)
            assert ended_at - began_at >= timedelta(seconds=seconds)
            self.model.note_outage(began_at, ended_at)
        else:
            assert not must_be_noted

    @rule(duty=st.sampled_from(DUTIES))
    def do_duty(self, duty: str) -> None:
        expected = {
            "promote_scheduled_jobs": self.model.promote,
            "rescue_expired_leases": self.model.rescue,
            "check_waiting_quotas": self.model.check_waiting,
        }[duty]()
        assert self.real.run(duty) == expected

    @rule(times=st.integers(1, 4))
    def wait_too_long(self, times: int) -> None:
        """Long enough for lanes to age, and for jobs to be a minute old, which ageing asks of their ids."""
        for _ in range(times):
            self.travel(31 * 60)
            assert self.real.run("age_lanes") == self.model.age_lanes()

    @rule()
    def reconcile_limits(self) -> None:
        assert self.real.run("reconcile_limits") == 0, "a counter was not what is held"

    # Crashes

    @rule(
        which=choices,
        what=st.sampled_from(["complete_job", "release_job", "claim_jobs", "enqueue_job", "set_limit"]),
    )
    def crash_before_commit(self, which: int, what: str) -> None:
        """A session that dies in the middle leaves nothing behind; a sequence may skip."""
        ticket = self.pick(which)
        is_member = what in ("enqueue_job", "set_limit")
        connection = self.real.member if is_member else self.real.robots[ticket.robot]
        arguments: dict[str, Any] = {"job_id": ticket.job_id, "lease_token": ticket.token}
        if what == "claim_jobs":
            arguments = {"limit": 4}
        elif what == "enqueue_job":
            arguments = {"workflow_id": self.real.world.workflow_ids["main"], "dedupe_key": "a", "concurrency_key": "k"}
        elif what == "set_limit":
            arguments = {"scope": "key", "concurrency_key": "k", "max_running": 1}
        with connection.transaction(force_rollback=True):
            self.attempt(connection, what, **arguments)
        if what == "claim_jobs":
            self.model.crash_in_claim()
