"""What all rules of the machine share: the world beside its model, tickets, how answers are compared."""

import uuid
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple
from tests.databases import Connection
from tests.fleets import Row, call_all
from tests.reliability.queue_checks import Checks
from tests.reliability.queue_values import Applied, Job, JobId, Policy, Refused, Wish
from tests.reliability.queue_world import ROBOTS, Copy

STRANGER = "a stranger"

jobs: Bundle[uuid.UUID] = Bundle("jobs")
keys = st.sampled_from([None, None, "k", "k", "j"])
policies = st.builds(
    Policy,
    kind=st.sampled_from(["none", "fixed", "linear", "exponential"]),
    base=st.sampled_from([0, 0, 2, 30]),
    cap=st.sampled_from([3600, 40]),
    retry_on_timeout=st.booleans(),
    never=st.sampled_from([(), ("BusinessError",)]),
)
wishes = st.builds(
    Wish,
    workflow=st.sampled_from(["main", "main", "main", "doomed"]),
    priority=st.sampled_from([10, 10, 0, 20]),
    environment=st.sampled_from(["*", "*", "*", "default", "lab"]),
    required=st.sampled_from([(), (), (), (), ("excel",), ("excel", "tag:eu"), ("mode:internet",)]).map(frozenset),
    target=st.sampled_from([None, None, None, None, "skilled", "lab"]),
    delay=st.sampled_from([0, 0, 0, 0, 20, 100]),
    dedupe_key=st.sampled_from([None, None, None, "a", "b"]),
    key=keys,
    max_attempts=st.sampled_from([1, 2, 3]),
    timeout_seconds=st.sampled_from([10, 90, 3600]),
    progress_timeout_seconds=st.sampled_from([None, None, 30]),
    policy=policies,
)
robots = st.sampled_from([*ROBOTS, "skilled"])
lease_seconds = st.sampled_from([5, 60])
# Which of all the tickets: see pick.
choices = st.sampled_from([0, 1, 2, 6, 6, 7, 9])
# Mostly the holder itself; else another robot of the tenant, or one that must not learn that the job exists.
callers = st.sampled_from([None, None, None, None, None, "plain", "skilled", STRANGER])


class Ticket(NamedTuple):
    """What a robot once got for a claim; it may be worth nothing any more."""

    job_id: uuid.UUID
    token: int
    robot: str

    @property
    def as_json(self) -> Row:
        """As a batch names it."""
        return {"job_id": str(self.job_id), "lease_token": self.token}


class Base(RuleBasedStateMachine):
    """One example: a copy of the world beside a model of it."""

    def __init__(self, world: Copy) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.real = self.resources.enter_context(world.opened())
        self.model = self.real.model()
        self.checks = Checks(self.real, self.model)
        self.tickets: list[Ticket] = []
        self.newest_token = 0
        self.claim_ids: dict[str, uuid.UUID] = {}  # of the newest claim of each robot

    def teardown(self) -> None:
        try:
            rows = self.real.stranger.execute("select from public.live_jobs").fetchall()
            assert rows == [], "another tenant sees the jobs"
        finally:
            self.resources.close()

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        self.checks.check_all()

    # What several rules do

    def travel(self, seconds: float) -> None:
        self.model.now = self.real.travel(seconds)

    def ask(self, wish: Wish) -> Any:
        return self.attempt(self.real.member, "enqueue_job", **self.real.arguments(wish))

    def enqueued(self, wish: Wish, answer: Any, *, retry_of: Job | None = None) -> object:
        """The new job, if there is one; an answer is a job's id and the status that it has at once."""
        problem = self.model.problem_with(wish)
        if problem:
            assert answer == problem
            return multiple()
        job_id, status = answer
        if job := self.model.unfinished_with_key(wish.dedupe_key):
            assert (job_id, status) in ((job.job_id, None), (job.job_id, job.word))
            return multiple()
        job = self.model.add(job_id, wish, retry_of=retry_of.job_id if retry_of else None)
        assert status in (None, job.word)
        return job.job_id

    def claim_for(self, name: str, limit: int, seconds: int, claim_id: uuid.UUID | None = None) -> None:
        """A new claim, or one whose answer is said to be lost, by its id."""
        if self.model.deleted_workflows:
            self._cancel_what_came_back()
        claim_id = claim_id or uuid.uuid4()
        rows = call_all(self.real.robots[name], "claim_jobs", limit=limit, lease_seconds=seconds, claim_id=claim_id)
        again = self.model.repeat_claim(name, claim_id, seconds)
        if again is not None:
            found = [(row["job_id"], row["lease_token"], row["lease_expires_at"]) for row in rows]
            assert found == [(job.job_id, job.held.token, job.held.expires_at) for job in again]
            return
        self.claim_ids[name] = claim_id
        offer = self.model.offer(name, limit)
        expected = offer.jobs[: max(len(rows), offer.at_least)]
        assert [row["job_id"] for row in rows] == [job.job_id for job in expected]
        self.model.take(name, expected, seconds, claim_id)
        for row, job in zip(rows, expected, strict=True):
            assert row["lease_token"] > self.newest_token, "a newer claim must have a greater token"
            job.held.token = self.newest_token = row["lease_token"]
            assert (row["attempt"], row["lease_expires_at"]) == (job.held.attempt, job.held.expires_at)
            for limited in job.wish.counts_towards:
                if limited in self.model.limits:
                    assert self.model.running(limited) <= self.model.limits[limited].max_running
        assert not expected or len(self.model.held_by(name)) <= self.model.robots[name].slots
        self.tickets += [Ticket(row["job_id"], row["lease_token"], name) for row in rows]

    def _cancel_what_came_back(self) -> None:
        """Does what the claim would do first, and cancels what it would pass over then: jobs of a deleted workflow."""
        if self.model.has_duties():
            self.real.owner.execute("select private.run_due_duties()")
            self.model.run_due_duties()
        assert self.real.run("cancel_jobs_of_deleted_workflows") == self.model.cancel_deleted()

    # Calls and answers

    def pick(self, which: int) -> Ticket:
        """Mostly one that is worth something; then one whose job is held again under a newer; then any."""
        held = [each for each in self.tickets if self.job_of(each).lease]
        live = [each for each in held if (lease := self.job_of(each).lease) and lease.token == each.token]
        superseded = [each for each in held if each not in live]
        chosen = (live if which < 6 else superseded if which < 9 else []) or self.tickets
        return chosen[-1 - which % len(chosen)]

    def job_of(self, ticket: Ticket) -> Job:
        return self.model.jobs[ticket.job_id]

    def attempt(self, connection: Connection, function: str, **arguments: Any) -> Any:
        """The answer, or how it was refused; functions of one value answer with that value, of many rows with rows."""
        try:
            rows = call_all(connection, function, **arguments)
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith("PT"):
                raise
            return Refused(int(str(error.sqlstate)[2:]), error.diag.message_detail or "")
        if rows and "position" in rows[0]:
            return rows
        row = rows[0] if rows else {}
        answer = row.get(function, row)
        if isinstance(answer, dict) and answer.get("code") == "PT409":
            return Refused(409, answer["details"])
        return answer

    def report(self, ticket: Ticket, caller: str | None, function: str, **arguments: Any) -> Any:
        connection = self.real.strange_robot if caller == STRANGER else self.real.robots[caller or ticket.robot]
        answer = self.attempt(connection, function, job_id=ticket.job_id, lease_token=ticket.token, **arguments)
        if caller == STRANGER:
            assert answer == Refused(404, "JOB_NOT_FOUND")
        return answer

    def compare(self, answer: Any, expected: Applied | Refused) -> None:
        """A report's answer beside the model's; times are told in milliseconds."""
        if isinstance(expected, Applied):
            assert not isinstance(answer, Refused), answer
            assert answer["outcome"] == "applied"
            retry_at = datetime.fromisoformat(answer["retry_at"]) if "retry_at" in answer else None
            self.compare_applied(Applied(answer["status"], retry_at), expected)
        else:
            assert answer == expected

    def compare_row(self, row: Row, expected: Applied | Refused) -> None:
        """The answer of a batch to one of its reports."""
        problem = refusal(row)
        if isinstance(expected, Applied):
            assert problem is None
            self.compare_applied(Applied(row["status"], row.get("retry_at")), expected)
        else:
            assert (problem, row["status"]) == (expected, None)

    def compare_applied(self, answer: Applied, expected: Applied) -> None:
        if expected.retry_at and answer.retry_at:
            assert abs(expected.retry_at - answer.retry_at).total_seconds() < 0.002
            expected = replace(expected, retry_at=answer.retry_at)
        assert answer == expected


def refusal(row: Row) -> Refused | None:
    """How a batch refused one of its items."""
    return Refused(row["error_status"], row["error_code"]) if row["error_code"] else None


def id_and_status(answer: Any) -> Any:
    """Of a job that was enqueued; what was refused stays as it is."""
    return answer if isinstance(answer, Refused) else (answer["job_id"], answer["status"])


def new_ids(*found: object) -> list[JobId]:
    """The ids among what `enqueued` returned."""
    return [each for each in found if isinstance(each, uuid.UUID)]
