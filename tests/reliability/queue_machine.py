"""Random lives of the queue: every verb is called on Postgres and on the model, and both must say and hold the same."""

import uuid
from collections import Counter, defaultdict
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule
from tests.databases import Connection
from tests.fleets import call, call_all
from tests.reliability.queue_model import Applied, Job, Policy, Refused, Wish
from tests.reliability.queue_world import ROBOTS, World

STRANGER = "a stranger"
ORDERS = ["slots", "slots", "offline", "idle", "pause", "resume", "release", "release"]

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
    max_attempts=st.sampled_from([1, 2, 3]),
    timeout_seconds=st.sampled_from([10, 90, 3600]),
    policy=policies,
)
robots = st.sampled_from([*ROBOTS, "skilled"])
lease_seconds = st.sampled_from([5, 60])
# Which of all the tickets: see _pick.
choices = st.sampled_from([0, 1, 2, 6, 6, 7, 9])
# Mostly the holder itself; else another robot of the tenant, or one that must not learn that the job exists.
callers = st.sampled_from([None, None, None, None, None, "plain", "skilled", STRANGER])


class Ticket(NamedTuple):
    """What a robot once got for a claim; it may be worth nothing any more."""

    job_id: uuid.UUID
    token: int
    robot: str


class QueueMachine(RuleBasedStateMachine):
    """One example: a copy of the world beside a model of it."""

    jobs: Bundle[uuid.UUID] = Bundle("jobs")

    def __init__(self, world: World) -> None:
        super().__init__()
        self.resources = ExitStack()
        self.real = self.resources.enter_context(world.opened())
        self.model = self.real.model()
        self.tickets: list[Ticket] = []
        self.newest_token = 0
        self.seen_seq = 0
        self.seen_events: dict[uuid.UUID, list[str]] = defaultdict(list)

    def teardown(self) -> None:
        try:
            rows = self.real.stranger.execute("select from public.live_jobs").fetchall()
            assert rows == [], "another tenant sees the jobs"
        finally:
            self.resources.close()

    # What members do

    @initialize(target=jobs, policy=policies, max_attempts=st.integers(1, 3), seconds=lease_seconds)
    def begin_in_the_middle(self, policy: Policy, max_attempts: int, seconds: int) -> object:
        """Some work that is held already, so that every example has something to go wrong with."""
        wish = Wish(policy=policy, max_attempts=max_attempts)
        first = [self.model.add(self._ask(wish)["job_id"], wish).job_id for _ in range(3)]
        self._claim("plain", 1, seconds)
        self._claim("skilled", 1, seconds)
        return multiple(*first)

    @rule(target=jobs, wish=wishes)
    def enqueue(self, wish: Wish) -> object:
        return self._enqueue(wish)

    @rule(target=jobs, wanted=st.lists(wishes, min_size=1, max_size=4), spoiled=st.integers(0, 8))
    def enqueue_batch(self, wanted: list[Wish], spoiled: int) -> object:
        items: list[dict[str, Any]] = [self._as_item(wish) for wish in wanted]
        if spoiled < len(items):
            items[spoiled]["priority"] = 99
        rows = call_all(self.real.member, "enqueue_jobs", jobs=items)
        assert [row["position"] for row in rows] == list(range(len(items)))
        new = []
        for number, (wish, row) in enumerate(zip(wanted, rows, strict=True)):
            problem = Refused(400, "INVALID_ARGUMENT") if number == spoiled else self.model.problem_with(wish)
            if problem:
                assert (row["error_status"], row["error_code"]) == problem_of(problem)
                assert row["job_id"] is None
            elif job := self.model.unfinished_with_key(wish.dedupe_key):
                assert row["job_id"] == job.job_id
            else:
                new.append(self.model.add(row["job_id"], wish).job_id)
        return multiple(*new)

    @rule(job_id=jobs, is_stranger=st.sampled_from([False, False, False, True]))
    def cancel(self, job_id: uuid.UUID, is_stranger: bool) -> None:
        if is_stranger:
            assert self._try(self.real.stranger, "cancel_job", job_id=job_id) == Refused(404, "JOB_NOT_FOUND")
            return
        answer = self._try(self.real.member, "cancel_job", job_id=job_id, reason="not wanted")
        assert (
            answer["cancelled"],
            answer["cancel_requested"],
            answer["previous_status"],
        ) == self.model.cancel(self.model.jobs[job_id])

    @rule(target=jobs, job_id=jobs, function=st.sampled_from(["retry_job", "requeue_dead_letter"]))
    def retry(self, job_id: uuid.UUID, function: str) -> object:
        answer = self._try(self.real.member, function, job_id=job_id)
        job = self.model.jobs[job_id]
        problem = self.model.problem_with_letter(job) if function == "requeue_dead_letter" else None
        wish = problem or self.model.wish_for_retry(job)
        if isinstance(wish, Refused):
            assert answer == wish
            return multiple()
        if job_id in self.model.dead_letters:
            self.model.resolved_letters.add(job_id)
        new_id = uuid.UUID(answer["new_job_id"])
        if existing := self.model.unfinished_with_key(wish.dedupe_key):
            assert new_id == existing.job_id
            return multiple()
        return self.model.add(new_id, wish, retry_of=job_id).job_id

    @precondition(lambda self: len(self.model.jobs) > 4)
    @rule()
    def delete_workflow(self) -> None:
        answer = self._try(self.real.member, "delete_workflow", workflow_id=self.real.world.workflow_ids["doomed"])
        expected = self.model.delete_workflow("doomed")
        assert (answer if isinstance(answer, Refused) else answer["cancelled_jobs"]) == expected

    @rule(name=robots, slots=st.integers(1, 4), order=st.sampled_from(ORDERS))
    def order(self, name: str, slots: int, order: str) -> None:
        """What people do with a robot: it works on, more or less or not at all."""
        robot = self.model.robots[name]
        if order == "slots":
            call(self.real.member, "update_robot", robot=name, changes={"max_concurrent_jobs": slots})
            robot.slots = slots
        elif order in ("offline", "idle"):
            call(self.real.member, "set_robot_status", robot=name, status=order)
            robot.is_signed_off = order == "offline"
            robot.mode = "active" if order == "idle" else robot.mode
        elif order in ("pause", "resume"):
            call(self.real.member, "command_robot", robot=name, command=order)
            robot.mode = "paused" if order == "pause" else "active"
        else:
            call(self.real.member, "command_robot", robot=name, command="release")
            robot.is_quarantined, robot.failures = False, 0

    # What robots do

    @rule(name=robots, limit=st.integers(1, 4), seconds=lease_seconds)
    def claim(self, name: str, limit: int, seconds: int) -> None:
        self._claim(name, limit, seconds)

    @rule(name=st.sampled_from(["plain", "skilled"]), seconds=lease_seconds)
    def claim_one(self, name: str, seconds: int) -> None:
        self._claim(name, 1, seconds)

    @rule(pause=st.sampled_from([5.5, 61]), which=choices, name=st.sampled_from([None, "skilled"]))
    def claim_after_a_while(self, pause: float, which: int, name: str | None) -> None:
        """The same robot as before, or another, comes back when leases are over."""
        ticket = self._pick(which)
        self.travel(pause)
        self._claim(name or ticket.robot, 2, 60)

    @rule(which=st.integers(0, 2))
    def give_back_and_claim_again(self, which: int) -> None:
        """So that a robot has an old ticket for a job that it holds."""
        ticket = self._pick(which)
        answer = self._report(ticket, None, "release_job")
        self._compare(answer, self.model.release(ticket.robot, self._job(ticket), ticket.token))
        self._claim(ticket.robot, 2, 60)

    def _claim(self, name: str, limit: int, seconds: int) -> None:
        rows = call_all(self.real.robots[name], "claim_jobs", limit=limit, lease_seconds=seconds)
        expected = self.model.claim(name, limit, seconds)
        assert [row["job_id"] for row in rows] == [job.job_id for job in expected]
        for row, job in zip(rows, expected, strict=True):
            assert job.lease is not None
            assert row["lease_token"] > self.newest_token, "a newer claim must have a greater token"
            job.lease.token = self.newest_token = row["lease_token"]
            assert (row["attempt"], row["lease_expires_at"]) == (job.lease.attempt, job.lease.expires_at)
        assert not expected or len(self.model.held_by(name)) <= self.model.robots[name].slots
        self.tickets += [Ticket(row["job_id"], row["lease_token"], name) for row in rows]

    @rule(which=choices, caller=callers)
    def start(self, which: int, caller: str | None) -> None:
        ticket = self._pick(which)
        answer = self._report(ticket, caller, "start_job")
        if caller != STRANGER:
            expected = self.model.start(caller or ticket.robot, self._job(ticket), ticket.token)
            assert (answer if isinstance(answer, Refused) else answer["cancel_requested"]) == expected

    @rule(which=choices, caller=callers, progress=st.integers(0, 100), has_token=st.booleans())
    def report_progress(self, which: int, caller: str | None, progress: int, has_token: bool) -> None:
        ticket = self._pick(which)
        token = ticket.token if has_token else None
        answer = self._report(ticket._replace(token=token), caller, "report_progress", progress=progress)  # type: ignore[arg-type]
        if caller != STRANGER:
            expected = self.model.report_progress(caller or ticket.robot, self._job(ticket), token, progress)
            assert (answer if isinstance(answer, Refused) else answer["cancel_requested"]) == expected

    @rule(chosen=st.lists(choices, min_size=1, max_size=4), name=robots, seconds=lease_seconds)
    def renew(self, chosen: list[int], name: str, seconds: int) -> None:
        asked = [self._pick(which) for which in chosen]
        name = asked[0].robot if len(asked) % 2 else name
        leases = [{"job_id": str(ticket.job_id), "lease_token": ticket.token} for ticket in asked]
        rows = call_all(self.real.robots[name], "renew_leases", leases=leases, lease_seconds=seconds)
        assert [row["job_id"] for row in rows] == [ticket.job_id for ticket in asked]
        for ticket, row in zip(asked, rows, strict=True):
            expected = self.model.renew(name, self._job(ticket), ticket.token, seconds)
            assert (row["renewed"], row["lease_expires_at"], row["cancel_requested"]) == expected

    @rule(which=choices, caller=callers)
    def complete(self, which: int, caller: str | None) -> None:
        ticket = self._pick(which)
        answer = self._report(ticket, caller, "complete_job", result={"token": ticket.token})
        if caller != STRANGER:
            self._compare(answer, self.model.complete(caller or ticket.robot, self._job(ticket), ticket.token))

    @rule(
        which=choices,
        caller=callers,
        error_type=st.sampled_from([None, "BusinessError", "IOError"]),
        retryable=st.sampled_from([True, True, False]),
    )
    def fail(self, which: int, caller: str | None, error_type: str | None, retryable: bool) -> None:
        ticket = self._pick(which)
        answer = self._report(
            ticket, caller, "fail_job", error_message="boom", error_type=error_type, retryable=retryable
        )
        if caller != STRANGER:
            job, name = self._job(ticket), caller or ticket.robot
            self._compare(answer, self.model.fail(name, job, ticket.token, error_type, retryable=retryable))

    @rule(which=choices, caller=callers)
    def release(self, which: int, caller: str | None) -> None:
        ticket = self._pick(which)
        answer = self._report(ticket, caller, "release_job")
        if caller != STRANGER:
            self._compare(answer, self.model.release(caller or ticket.robot, self._job(ticket), ticket.token))

    @rule(which=choices, what=st.sampled_from(["complete_job", "release_job", "claim_jobs", "enqueue_job"]))
    def crash_before_commit(self, which: int, what: str) -> None:
        """A session that dies in the middle leaves nothing behind; a sequence may skip."""
        ticket = self._pick(which)
        connection = self.real.member if what == "enqueue_job" else self.real.robots[ticket.robot]
        arguments: dict[str, Any] = {"job_id": ticket.job_id, "lease_token": ticket.token}
        if what == "claim_jobs":
            arguments = {"limit": 4}
        elif what == "enqueue_job":
            arguments = {"workflow_id": self.real.world.workflow_ids["main"], "dedupe_key": "a"}
        with connection.transaction(force_rollback=True):
            self._try(connection, what, **arguments)

    # What time does

    @rule(seconds=st.sampled_from([0.5, 1, 3, 6, 6, 15, 61, 4000]))
    def let_time_pass(self, seconds: float) -> None:
        self.travel(seconds)

    def travel(self, seconds: float) -> None:
        self.model.now = self.real.travel(seconds)

    @rule(duty=st.sampled_from(["promote_scheduled_jobs", "rescue_expired_leases"]))
    def do_duty(self, duty: str) -> None:
        row = self.real.owner.execute(f"select private.{duty}() as n").fetchone()
        assert row is not None
        assert row["n"] == (self.model.promote() if duty == "promote_scheduled_jobs" else self.model.rescue())

    # What must be true after each step

    @invariant()
    def all_is_as_the_model_says(self) -> None:
        self.every_job_is_in_its_one_place()
        self.leases_are_right()
        self.the_stored_rows_are_right()
        self.people_see_the_same()
        self.events_have_no_gap_and_tell_each_transition()

    def every_job_is_in_its_one_place(self) -> None:
        rows = self.real.owner.execute(
            """
            select 'ready' as place, r.job_id, r.attempts, null::timestamptz as run_at from private.ready as r
            union all
            select 'scheduled', s.job_id, s.attempts, s.run_at from private.scheduled as s
            union all
            select 'leases', l.job_id, l.attempt - 1, null from private.leases as l
            """
        ).fetchall()
        expected = Counter(
            (job.place, job.job_id, job.attempts, job.run_at)
            for job in self.model.jobs.values()
            if job.place != "nowhere"
        )
        assert Counter((row["place"], row["job_id"], row["attempts"], row["run_at"]) for row in rows) == expected

    def leases_are_right(self) -> None:
        rows = self.real.owner.execute(
            "select job_id, robot_id, lease_token, attempt, lease_expires_at, timeout_at, started_at, progress, "
            "cancel_requested_at from private.leases"
        ).fetchall()
        for row in rows:
            lease = self.model.jobs[row["job_id"]].lease
            assert lease is not None
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

    def the_stored_rows_are_right(self) -> None:
        rows = self.real.owner.execute(
            "select job_id, status::text, attempts, lease_token, retry_of, result from public.jobs"
        ).fetchall()
        found = {row.pop("job_id"): tuple(row.values()) for row in rows}
        assert found == {job.job_id: stored(job) for job in self.model.jobs.values()}
        letters = self.real.owner.execute("select job_id, reason, resolved_at from public.dead_letters").fetchall()
        assert {row["job_id"]: row["reason"] for row in letters} == self.model.dead_letters
        assert {row["job_id"] for row in letters if row["resolved_at"]} == self.model.resolved_letters
        kept = self.real.owner.execute("select job_id, lease_token, outcome from public.late_results").fetchall()
        assert Counter(tuple(row.values()) for row in kept) == self.model.late_results
        keys = self.real.owner.execute("select dedupe_key, job_id from private.dedupe_keys").fetchall()
        assert {row["dedupe_key"]: row["job_id"] for row in keys} == self.model.keys

    def people_see_the_same(self) -> None:
        rows = self.real.member.execute("select job_id, status::text from public.live_jobs").fetchall()
        assert {row["job_id"]: row["status"] for row in rows} == {
            job.job_id: job.word for job in self.model.jobs.values()
        }
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
        rows = call_all(self.real.member, "list_events", after=self.seen_seq, limit=1000)
        assert [row["seq"] for row in rows] == [self.seen_seq + n for n in range(1, len(rows) + 1)]
        self.seen_seq += len(rows)
        for row in rows:
            if row["event_type"].startswith("job."):
                self.seen_events[row["job_id"]].append(row["event_type"])
        assert self.seen_events == {job.job_id: job.events for job in self.model.jobs.values()}

    # Helpers

    def _enqueue(self, wish: Wish) -> object:
        answer = self._ask(wish)
        problem = self.model.problem_with(wish)
        if problem:
            assert answer == problem
            return multiple()
        if job := self.model.unfinished_with_key(wish.dedupe_key):
            assert answer["job_id"] == job.job_id
            return multiple()
        return self.model.add(answer["job_id"], wish).job_id

    def _ask(self, wish: Wish) -> Any:
        return self._try(self.real.member, "enqueue_job", **self.real.arguments(wish))

    def _pick(self, which: int) -> Ticket:
        """Mostly one that is worth something; then one whose job is held again under a newer; then any."""
        held = [each for each in self.tickets if self._job(each).lease]
        live = [each for each in held if (lease := self._job(each).lease) and lease.token == each.token]
        superseded = [each for each in held if each not in live]
        chosen = (live if which < 6 else superseded if which < 9 else []) or self.tickets
        return chosen[-1 - which % len(chosen)]

    def _as_item(self, wish: Wish) -> dict[str, Any]:
        arguments = self.real.arguments(wish)
        arguments["workflow_id"] = str(arguments["workflow_id"])
        if arguments["run_at"]:
            arguments["run_at"] = arguments["run_at"].isoformat()
        return arguments

    def _job(self, ticket: Ticket) -> Job:
        return self.model.jobs[ticket.job_id]

    def _try(self, connection: Connection, function: str, **arguments: Any) -> Any:
        """The answer, or how it was refused; functions of one value answer with that value."""
        try:
            rows = call_all(connection, function, **arguments)
        except psycopg.Error as error:
            if not (error.sqlstate or "").startswith("PT"):
                raise
            return Refused(int(str(error.sqlstate)[2:]), error.diag.message_detail or "")
        row = rows[0] if rows else {}
        answer = row.get(function, row)
        if isinstance(answer, dict) and answer.get("code") == "PT409":
            return Refused(409, answer["details"])
        return answer

    def _report(self, ticket: Ticket, caller: str | None, function: str, **arguments: Any) -> Any:
        connection = self.real.strange_robot if caller == STRANGER else self.real.robots[caller or ticket.robot]
        answer = self._try(connection, function, job_id=ticket.job_id, lease_token=ticket.token, **arguments)
        if caller == STRANGER:
            assert answer == Refused(404, "JOB_NOT_FOUND")
        return answer

    def _compare(self, answer: Any, expected: Applied | Refused) -> None:
        if isinstance(expected, Applied):
            assert not isinstance(answer, Refused), answer
            assert answer["outcome"] == "applied"
            retry_at = datetime.fromisoformat(answer["retry_at"]) if "retry_at" in answer else None
            answer = Applied(answer["status"], retry_at)
            if expected.retry_at and retry_at:  # told in milliseconds
                assert abs(expected.retry_at - retry_at).total_seconds() < 0.002
                expected = replace(expected, retry_at=retry_at)
        assert answer == expected


def problem_of(problem: Refused) -> tuple[int, str]:
    """As a batch tells it."""
    return problem.status, problem.code


def stored(job: Job) -> tuple[object, ...]:
    """The row of a job, in the order of the query."""
    result = {"token": job.reported_token} if job.status == "completed" else None
    return job.status, job.attempts, job.reported_token, job.retry_of, result
