"""What robots do: claim, report one job or several, give back, renew, live."""

from hypothesis import strategies as st
from hypothesis.stateful import rule
from tests.fleets import call, call_all
from tests.reliability.queue_base import STRANGER, Base, callers, choices, lease_seconds, robots
from tests.reliability.queue_values import Refused

several = st.lists(choices, min_size=1, max_size=4)


class Robots(Base):
    """Rules of robots."""

    @rule(name=robots, limit=st.integers(1, 4), seconds=lease_seconds)
    def claim(self, name: str, limit: int, seconds: int) -> None:
        self.claim_for(name, limit, seconds)

    @rule(name=st.sampled_from(["plain", "skilled"]), seconds=lease_seconds)
    def claim_one(self, name: str, seconds: int) -> None:
        self.claim_for(name, 1, seconds)

    @rule(pause=st.sampled_from([5.5, 61]), which=choices, name=st.sampled_from([None, "skilled"]))
    def claim_after_a_while(self, pause: float, which: int, name: str | None) -> None:
        """The same robot as before, or another, comes back when leases are over."""
        ticket = self.pick(which)
        self.travel(pause)
        self.claim_for(name or ticket.robot, 2, 60)

    @rule(which=st.integers(0, 2))
    def give_back_and_claim_again(self, which: int) -> None:
        """So that a robot has an old ticket for a job that it holds."""
        ticket = self.pick(which)
        answer = self.report(ticket, None, "release_job")
        self.compare(answer, self.model.release(ticket.robot, self.job_of(ticket), ticket.token))
        self.claim_for(ticket.robot, 2, 60)

    @rule(which=choices, caller=callers)
    def start(self, which: int, caller: str | None) -> None:
        ticket = self.pick(which)
        answer = self.report(ticket, caller, "start_job")
        if caller != STRANGER:
            expected = self.model.start(caller or ticket.robot, self.job_of(ticket), ticket.token)
            assert (answer if isinstance(answer, Refused) else answer["cancel_requested"]) == expected

    @rule(which=choices, caller=callers, progress=st.integers(0, 100), has_token=st.booleans())
    def report_progress(self, which: int, caller: str | None, progress: int, has_token: bool) -> None:
        ticket = self.pick(which)
        token = ticket.token if has_token else None
        answer = self.report(ticket._replace(token=token), caller, "report_progress", progress=progress)  # type: ignore[arg-type]
        if caller != STRANGER:
            expected = self.model.report_progress(caller or ticket.robot, self.job_of(ticket), token, progress)
            assert (answer if isinstance(answer, Refused) else answer["cancel_requested"]) == expected

    @rule(which=choices, caller=callers, count=st.integers(1, 2))
    def append_logs(self, which: int, caller: str | None, count: int) -> None:
        ticket = self.pick(which)
        answer = self.report(ticket, caller, "append_job_logs", entries=[{"message": "so far"}] * count)
        if caller != STRANGER:
            assert answer == self.model.log(caller or ticket.robot, self.job_of(ticket), ticket.token, count)

    @rule(chosen=several, name=robots, seconds=lease_seconds)
    def renew(self, chosen: list[int], name: str, seconds: int) -> None:
        asked = [self.pick(which) for which in chosen]
        name = asked[0].robot if len(asked) % 2 else name
        leases = [ticket.as_json for ticket in asked]
        rows = call_all(self.real.robots[name], "renew_leases", leases=leases, lease_seconds=seconds)
        assert [row["job_id"] for row in rows] == [ticket.job_id for ticket in asked]
        for ticket, row in zip(asked, rows, strict=True):
            expected = self.model.renew(name, self.job_of(ticket), ticket.token, seconds)
            assert (row["renewed"], row["lease_expires_at"], row["cancel_requested"]) == expected

    @rule(which=choices, caller=callers)
    def complete(self, which: int, caller: str | None) -> None:
        ticket = self.pick(which)
        answer = self.report(ticket, caller, "complete_job", result={"token": ticket.token})
        if caller != STRANGER:
            self.compare(answer, self.model.complete(caller or ticket.robot, self.job_of(ticket), ticket.token))

    @rule(chosen=several)
    def complete_several(self, chosen: list[int]) -> None:
        asked = [self.pick(which) for which in chosen]
        name = asked[0].robot
        results = [ticket.as_json | {"result": {"token": ticket.token}} for ticket in asked]
        for ticket, row in zip(asked, call_all(self.real.robots[name], "complete_jobs", results=results), strict=True):
            assert row["job_id"] == ticket.job_id
            self.compare_row(row, self.model.complete(name, self.job_of(ticket), ticket.token))

    @rule(
        which=choices,
        caller=callers,
        error_type=st.sampled_from([None, "BusinessError", "IOError"]),
        retryable=st.sampled_from([True, True, False]),
    )
    def fail(self, which: int, caller: str | None, error_type: str | None, retryable: bool) -> None:
        ticket = self.pick(which)
        answer = self.report(
            ticket, caller, "fail_job", error_message="boom", error_type=error_type, retryable=retryable
        )
        if caller != STRANGER:
            job, name = self.job_of(ticket), caller or ticket.robot
            self.compare(answer, self.model.fail(name, job, ticket.token, error_type, retryable=retryable))

    @rule(chosen=several, retryable=st.sampled_from([True, True, False]))
    def fail_several(self, chosen: list[int], retryable: bool) -> None:
        asked = [self.pick(which) for which in chosen]
        name = asked[0].robot
        failures = [ticket.as_json | {"error_message": "boom", "retryable": retryable} for ticket in asked]
        for ticket, row in zip(asked, call_all(self.real.robots[name], "fail_jobs", failures=failures), strict=True):
            assert row["job_id"] == ticket.job_id
            self.compare_row(row, self.model.fail(name, self.job_of(ticket), ticket.token, None, retryable=retryable))

    @rule(which=choices, caller=callers)
    def release(self, which: int, caller: str | None) -> None:
        ticket = self.pick(which)
        answer = self.report(ticket, caller, "release_job")
        if caller != STRANGER:
            self.compare(answer, self.model.release(caller or ticket.robot, self.job_of(ticket), ticket.token))

    @rule(name=robots, word=st.sampled_from(["idle", "idle", "busy", "error", "offline", "maintenance"]))
    def say(self, name: str, word: str) -> None:
        call(self.real.robots[name], "set_robot_status", robot=name, status=word)
        self.model.say(name, word)

    @rule(name=robots, limit=st.integers(1, 4), seconds=lease_seconds)
    def claim_again(self, name: str, limit: int, seconds: int) -> None:
        """As if the answer to the newest claim had been lost."""
        self.claim_for(name, limit, seconds, self.claim_ids.get(name))

    @rule(
        name=robots,
        known=st.sampled_from([None, None, 0, 1, 2]),
        waits=st.booleans(),
        pause=st.sampled_from([0, 11]),
    )
    def live(self, name: str, known: int | None, waits: bool, pause: int) -> None:
        """A heartbeat tells a robot which of its jobs shall stop, takes back that it signed off, and what it does not
        know.
        """
        self.travel(pause)
        jobs = None if known is None else self.model.held_by(name)[:known]
        claims = [self.claim_ids[name]] if waits and name in self.claim_ids else []
        metrics = {} if jobs is None else {"active_job_ids": [str(job.job_id) for job in jobs]}
        answer = call(self.real.robots[name], "record_heartbeat", metrics=metrics, claims_in_flight=claims)[
            "record_heartbeat"
        ]
        self.model.live(name, jobs, claims)
        told = [each["job_id"] for each in answer["pending_commands"] if each["command"] == "cancel_job"]
        held = self.model.held_by(name)
        assert sorted(told) == sorted(str(job.job_id) for job in held if job.held.is_cancel_requested)

    @rule(name=robots, known=st.integers(0, 2))
    def start_again(self, name: str, known: int) -> None:
        """Another process of the robot, which knows some of what the last one held."""
        jobs = self.model.held_by(name)[:known]
        self.real.register(name, [(job.job_id, job.held.token) for job in jobs])
        self.model.register(name, jobs)
