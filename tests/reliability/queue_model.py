"""The queue as plain Python, one session at a time: what each verb answers, and what is true afterwards.

It knows nothing of SQL: jobs lie in one dictionary in the order in which they were enqueued, and where a job is follows
from its fields. Lease tokens, job ids and the order of lanes are the database's; everything else is predicted.
"""

import uuid
from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.reliability.queue_state import State
from tests.reliability.queue_values import (
    TIMEOUTS,
    Applied,
    Job,
    JobId,
    LaneName,
    Lease,
    Outcome,
    Refused,
    Robot,
    Wish,
)

PROMOTE_EVERY = timedelta(seconds=1)
RESCUE_EVERY = timedelta(seconds=5)
FAILURES_UNTIL_QUARANTINE = 3  # the world sets its tenant so
ROBOTS_THAT_POISON_KILLS = 2
CANCEL_GRACE = timedelta(seconds=60)
ANSWER_MAY_TAKE = timedelta(seconds=10)
OUTAGES_THAT_EXCUSE = 3  # one after another without a renewal
ENDS_THAT_COST_NO_TIME = 3  # of leases without an attempt that counts, in a row
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=5)

NO_JOB = Refused(404, "JOB_NOT_FOUND")
LEASE_LOST = Refused(409, "LEASE_LOST")
FINISHED = Refused(409, "JOB_ALREADY_FINISHED")
MODES = {"pause": "paused", "drain": "draining", "resume": "active", "maintenance": "maintenance"}
MODES |= {"idle": "active", "busy": "active"}


class Offer(NamedTuple):
    """What a claim may get: these jobs in this order, and at least so many of them."""

    jobs: list[Job]
    at_least: int


class Queue(State):
    """The verbs."""

    def __init__(self, now: datetime, robots: list[Robot]) -> None:
        super().__init__(now, robots)
        self._promoted_at = self._rescued_at = self._duties_at = now - timedelta(days=1)
        self._outage: tuple[datetime, datetime] | None = None  # that no rescue has looked at yet
        self._excused_until: datetime | None = None  # the end of the newest outage that a rescue has looked at

    # What a member does with jobs

    def problem_with(self, wish: Wish) -> Refused | None:
        """Why this cannot be enqueued."""
        if wish.workflow in self.deleted_workflows:
            return Refused(404, "WORKFLOW_NOT_FOUND")
        return Refused(429, "QUEUE_FULL") if self.is_full and not self.unfinished_with_key(wish.dedupe_key) else None

    def unfinished_with_key(self, key: str | None) -> Job | None:
        """The job that an enqueue with this key finds."""
        return self.jobs[self.keys[key]] if key in self.keys else None

    def add(self, job_id: JobId, wish: Wish, retry_of: JobId | None = None) -> Job:
        """A new job, which got this id."""
        assert job_id not in self.jobs, "an id was given twice"
        job = Job(job_id, wish, self.lane_of(wish), retry_of=retry_of)
        if wish.delay > 0:
            job.run_at = self.now + timedelta(seconds=wish.delay)
        self.jobs[job_id] = job
        if wish.dedupe_key:
            self.keys[wish.dedupe_key] = job_id
        if not job.run_at and not retry_of:
            self._collide(job)
        return job

    def cancel(self, job: Job, *, force: bool = False) -> tuple[bool, bool, str] | Refused:
        """cancelled, cancel_requested, previous_status."""
        if job.is_purged:
            return NO_JOB
        before, is_waiting = job.word, job.status == "queued" and not job.lease
        if job.status != "queued":
            return False, False, before
        if force and job.lease:
            asked_at = job.lease.cancel_requested_at
            if asked_at is None or asked_at + CANCEL_GRACE > self.now:
                return Refused(409, "CANCEL_NOT_FORCEABLE")
            if job.lease.is_started:
                self._end_attempt(job, "forced", None, retryable=False)
            else:
                self._end_uncounted(job)
            return True, False, before
        self._cancel(job)
        return is_waiting, not is_waiting, before

    def wish_for_retry(self, job: Job) -> Wish | Refused:
        """What `retry_job` enqueues."""
        if job.is_purged:
            return NO_JOB
        if job.status not in ("failed", "cancelled", "timeout"):
            return Refused(400, "JOB_NOT_RETRYABLE")
        problem, holder = self.problem_with(job.wish), self.unfinished_with_key(job.wish.dedupe_key)
        if not problem and holder and holder.retry_of != job.job_id:
            problem = Refused(409, "DEDUPE_KEY_TAKEN")
        return problem or replace(job.wish, delay=0)

    def wish_for_requeue(self, job: Job) -> Wish | Refused:
        """What `requeue_dead_letter` enqueues."""
        if job.job_id not in self.dead_letters:
            return Refused(404, "DEAD_LETTER_NOT_FOUND")
        if job.job_id in self.resolved_letters:
            return Refused(409, "DEAD_LETTER_RESOLVED")
        return self.wish_for_retry(job)

    def retried(self, job: Job) -> None:
        """A dead letter needs nobody any more."""
        if job.job_id in self.dead_letters:
            self.resolved_letters.add(job.job_id)

    def purge_letter(self, job: Job) -> Refused | None:
        """Takes a dead letter away."""
        self.resolved_letters.discard(job.job_id)
        return None if self.dead_letters.pop(job.job_id, None) else Refused(404, "DEAD_LETTER_NOT_FOUND")

    def purge(self, statuses: list[str]) -> tuple[int, int, int, int]:
        """purged, dead_letters, log_entries, seen."""
        seen = self.kept()
        gone = [job for job in seen if job.status in statuses and job.finished_at and job.finished_at < self.now]
        letters = sum(self.purge_letter(job) is None for job in gone)
        for job in gone:
            job.is_purged = True
            for late in [late for late in self.late_results if late[0] == job.job_id]:
                del self.late_results[late]
        return len(gone), letters, sum(job.logs for job in gone), len(seen)

    def delete_workflow(self, workflow: str) -> int | Refused:
        """How many waiting jobs it cancels."""
        if workflow in self.deleted_workflows:
            return Refused(404, "WORKFLOW_NOT_FOUND")
        self.deleted_workflows.add(workflow)
        return self.cancel_deleted()

    def cancel_deleted(self) -> int:
        """How many jobs wait whose workflow was deleted, such as those that a robot gave back since."""
        waiting = [job for job in self._in("ready", "scheduled") if job.wish.workflow in self.deleted_workflows]
        for job in waiting:
            self._end(job, "cancelled")
        return len(waiting)

    # What a member does with robots

    def order(self, name: str, order: str) -> Refused | None:
        """A command or a status."""
        robot = self.robots[name]
        if order == "quarantine":
            if robot.is_quarantined:
                return Refused(409, "ROBOT_QUARANTINED")
            robot.is_quarantined = True
        elif order == "release":
            robot.is_quarantined, robot.failures = False, 0
        robot.mode = MODES.get(order, robot.mode)
        if order in ("offline", "idle", "busy", "error", "maintenance"):
            robot.is_signed_off = order == "offline"
        if order in ("resume", "idle", "busy"):
            robot.is_in_maintenance = False
        return None

    def say(self, name: str, word: str) -> None:
        """What a robot says of itself: no member's order is undone by it."""
        robot = self.robots[name]
        robot.is_signed_off = word == "offline"
        if word in ("idle", "busy", "maintenance"):
            robot.is_in_maintenance = word == "maintenance"

    # What a robot does

    def offer(self, name: str, limit: int) -> Offer:
        """What a robot may get now; a claim for several may pass over what came after a limit that it filled itself."""
        self.run_due_duties()
        robot = self.robots[name]
        free = min(limit, robot.slots - len(self.held_by(name)))
        if not robot.may_claim or free <= 0:
            return Offer([], 0)
        room = {each: self.room(each) for each in self.limits}
        was_passed_over = False
        taken: list[Job] = []
        # Then by age, which is the order of ids: a batch of retries makes jobs in the order of those it retries.
        for job in sorted(self._in("ready"), key=lambda job: (self.rank(job), job.job_id)):
            counts = [each for each in job.wish.counts_towards if each in self.limits]
            if len(taken) == free or not robot.may_have(job.wish) or not all(self.room(each) for each in counts):
                continue
            if not all(room[each] for each in counts):
                was_passed_over = True
                continue
            taken.append(job)
            for each in counts:
                room[each] -= 1
        return Offer(taken, min(len(taken), 1) if was_passed_over else len(taken))

    def repeat_claim(self, name: str, claim_id: uuid.UUID, lease_seconds: int) -> list[Job] | None:
        """What a claim that is asked again answers; None when nothing is left of it, so that it is a new one."""
        made = [job for job in self.held_by(name) if job.held.claim_id == claim_id]
        again = sorted((job for job in made if not job.held.is_started), key=lambda job: job.held.token)
        for job in again:
            job.held.expires_at, job.held.outages = self.now + timedelta(seconds=lease_seconds), 0
        return again if made else None

    def take(self, name: str, jobs: list[Job], lease_seconds: int, claim_id: uuid.UUID) -> None:
        """Gives jobs to a robot; their leases wait for their tokens."""
        for job in jobs:
            expires_at = self.now + timedelta(seconds=lease_seconds)
            timeout_at = self.now + timedelta(seconds=job.wish.timeout_seconds)
            patience = job.wish.progress_timeout_seconds
            job.lease = Lease(name, job.attempts + 1, self.now, expires_at, timeout_at, patience, self.now, claim_id)
            job.events.append("job.claimed")

    def start(self, name: str, job: Job, token: int) -> bool | Refused:
        """cancel_requested."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return self._no_lease(job)
        self._begin(job, lease)
        return lease.is_cancel_requested

    def report_progress(self, name: str, job: Job, token: int | None, progress: int) -> bool | Refused:
        """cancel_requested; without a token it is the caller's own lease."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return self._no_lease(job)
        self._begin(job, lease)
        lease.progress = progress
        lease.alive_at, lease.away = self.now, timedelta()
        return lease.is_cancel_requested

    def log(self, name: str, job: Job, token: int, entries: int) -> int | Refused:
        """How many entries were kept."""
        if self._lease_of(name, job, token) is None and not self._may_still_log(name, job, token):
            return self._no_lease(job)
        job.logs += entries
        return entries

    def _may_still_log(self, name: str, job: Job, token: int) -> bool:
        is_fresh = job.finished_at is None or self.now - job.finished_at < timedelta(minutes=10)
        return not job.is_purged and (job.reported_by, job.reported_token) == (name, token) and is_fresh

    def renew(self, name: str, job: Job, token: int, seconds: int) -> tuple[bool, datetime | None, bool]:
        """renewed, lease_expires_at, cancel_requested."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return False, None, False
        lease.expires_at, lease.outages = self.now + timedelta(seconds=seconds), 0
        return True, lease.expires_at, lease.is_cancel_requested

    def complete(self, name: str, job: Job, token: int) -> Applied | Refused:
        """Ends a job, once."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return self._answer_stale(name, job, token, "completed")
        job.attempts, job.reported_token, job.reported_by, job.lease = lease.attempt, token, name, None
        job.past_leases[token] = name
        self.robots[name].failures = 0
        self._end(job, "completed")
        return Applied("completed")

    def fail(self, name: str, job: Job, token: int, error_type: str | None, *, retryable: bool) -> Applied | Refused:
        """Ends an attempt."""
        if self._lease_of(name, job, token) is None:
            return self._answer_stale(name, job, token, "failed")
        return self._end_attempt(job, "failed", error_type, retryable=retryable)

    def release(self, name: str, job: Job, token: int) -> Applied | Refused:
        """Gives a job back; the attempt does not count."""
        lease = self._lease_of(name, job, token)
        if lease is None:
            return self._no_lease(job)
        if not lease.is_started:
            return self._end_uncounted(job)
        if lease.is_cancel_requested:
            return self._end_attempt(job, "failed", None, retryable=False)
        job.past_leases[lease.token] = name
        job.lease = None
        job.events.append("job.queued")
        return Applied("queued")

    def live(self, name: str, known: list[Job] | None, in_flight: list[uuid.UUID]) -> None:
        """A heartbeat; with a list of what the robot knows, the rest of what it did not start goes back."""
        self.robots[name].is_signed_off = False
        unknown = [
            job
            for job in self.held_by(name)
            if known is not None
            and job not in known
            and not job.held.is_started
            and job.held.claimed_at < self.now - ANSWER_MAY_TAKE
            and job.held.claim_id not in in_flight
        ]
        for job in unknown:
            self._end_uncounted(job)

    def register(self, name: str, known: list[Job]) -> None:
        """A new process of the robot: what it does not know goes back, begun or not."""
        for job in [job for job in self.held_by(name) if job not in known]:
            counts = job.wish.policy.kind == "none" or job.uncounted_ends >= ENDS_THAT_COST_NO_TIME
            if job.held.is_started and (job.held.is_cancel_requested or counts):
                self._end_attempt(job, "lost", "LEASE_EXPIRED", retryable=True)
            else:
                self._end_uncounted(job)
        self.robots[name].is_signed_off = False

    # What time does

    def has_duties(self) -> bool:
        """Whether a claim has duties to do."""
        return not self._duties_at - PROMOTE_EVERY <= self.now < self._duties_at

    def run_due_duties(self) -> None:
        """What a claim does first."""
        if self.has_duties():
            promotes, rescues = self._pass_duties()
            if promotes:
                self._promoted_at = self.now
                self.promote()
            if rescues:
                self._rescued_at = self.now
                self.rescue()

    def note_outage(self, began_at: datetime, ended_at: datetime) -> None:
        """Nobody was heard meanwhile; until a rescue looks at it, outages that follow each other closely are one."""
        self._outage = (began_at, ended_at)

    def has_lease_that_runs_out_within(self, seconds: float) -> bool:
        """Or of which progress must be reported."""
        until = self.now + timedelta(seconds=seconds)
        leases = [lease for lease in self._leases() if lease.outages < OUTAGES_THAT_EXCUSE]
        due = [min(lease.expires_at, lease.progress_due_at or lease.expires_at) for lease in leases]
        return any(self.now < each < until for each in due)

    def _leases(self) -> list[Lease]:
        return [job.held for job in self._in("leases")]

    def _lengthen_leases(self) -> None:
        """Once for each outage."""
        if self._outage is None:
            return
        (began_at, ended_at), self._outage = self._outage, None
        began_at = max(began_at, self._excused_until or began_at)
        self._excused_until = ended_at
        away, minute = ended_at - began_at, timedelta(minutes=1)
        for job in self._in("leases"):
            lease = job.held
            if lease.claimed_at >= ended_at or lease.outages == OUTAGES_THAT_EXCUSE:
                continue
            lease.outages += 1
            if lease.alive_at < ended_at:
                lease.away += away
            if began_at < lease.expires_at <= ended_at:
                lease.expires_at += away
            elif lease.expires_at > ended_at:
                lease.expires_at = max(lease.expires_at, min(lease.expires_at + away, ended_at + minute))
            if lease.timeout_at > began_at:
                lease.timeout_at = max(lease.timeout_at, ended_at + min(away, minute))

    def crash_in_claim(self) -> None:
        """Its duties are undone, and not due before they would be after it: a sequence knows no rollback."""
        if self.has_duties():
            self._pass_duties()

    def promote(self) -> int:
        """Makes jobs ready whose time has come, lane by lane; each new one collides with those before it."""
        lanes: dict[LaneName, list[Job]] = defaultdict(list)
        due = [job for job in self._in("scheduled") if job.run_at and job.run_at <= self.now]
        for job in due:
            lanes[job.lane].append(job)
        for lane in sorted(lanes, key=self.lane_ids.__getitem__):
            for job in lanes[lane]:
                job.run_at = None
                if job.attempts == 0 and not job.uncounted_ends:
                    self._collide(job)
        return len(due)

    def rescue(self) -> int:
        """Takes back what was held too long."""
        self._lengthen_leases()
        over = [job for job in self._in("leases") if job.held.over_at <= self.now]
        for job in over:
            if not job.held.is_started:
                self._end_uncounted(job)
            elif job.held.over_at == job.held.timeout_at:
                self._end_attempt(job, "timeout", "JOB_TIMEOUT", retryable=True)
            elif job.held.over_at == job.held.progress_due_at:
                self._end_attempt(job, "no_progress", "NO_PROGRESS", retryable=True)
            else:
                self._end_attempt(job, "lost", "LEASE_EXPIRED", retryable=True)
        return len(over)

    # Helpers

    def _pass_duties(self) -> tuple[bool, bool]:
        """Whether promotion and rescue are due; then claims look again when the first of both is due once more."""
        promotes, rescues = self._promoted_at <= self.now - PROMOTE_EVERY, self._rescued_at <= self.now - RESCUE_EVERY
        promoted_at = self.now if promotes else self._promoted_at
        rescued_at = self.now if rescues else self._rescued_at
        self._duties_at = min(promoted_at + PROMOTE_EVERY, rescued_at + RESCUE_EVERY)
        return promotes, rescues

    def _lease_of(self, name: str, job: Job, token: int | None) -> Lease | None:
        lease = job.lease
        return lease if lease and lease.robot == name and token in (None, lease.token) else None

    def _no_lease(self, job: Job) -> Refused:
        if job.is_purged:
            return NO_JOB
        return LEASE_LOST if job.status == "queued" else FINISHED

    def _begin(self, job: Job, lease: Lease) -> None:
        """The time that a job may take counts from its start."""
        if not lease.is_started:
            lease.is_started = True
            lease.timeout_at += self.now - lease.claimed_at
            lease.alive_at, lease.away = self.now, timedelta()
            job.events.append("job.started")

    def _answer_stale(self, name: str, job: Job, token: int, outcome: str) -> Applied | Refused:
        said_before = (
            job.status == "completed" if outcome == "completed" else job.status not in ("completed", "timeout")
        )
        if job.is_purged:
            return NO_JOB
        if job.past_leases.get(token) != name:
            return self._no_lease(job)
        if job.reported_token == token and said_before:
            return Applied(job.status, job.run_at)
        self.late_results[job.job_id, token, outcome] = 1  # the first alone is kept
        return self._no_lease(job)

    def _end_uncounted(self, job: Job) -> Applied:
        """Nobody ran it, or nobody knows of it any more: as if it had not been claimed."""
        is_to_stop = job.held.is_cancel_requested
        job.past_leases[job.held.token] = job.held.robot
        job.lease = None
        if is_to_stop:
            self._end(job, "cancelled")
            return Applied("cancelled")
        job.uncounted_ends += 1
        job.events.append("job.queued")
        if job.uncounted_ends > ENDS_THAT_COST_NO_TIME:
            times = job.uncounted_ends - ENDS_THAT_COST_NO_TIME - 1
            job.run_at = self.now + min(FIRST_PAUSE * 2**times, LONGEST_PAUSE)
        return Applied("queued", job.run_at)

    def _end_attempt(self, job: Job, outcome: Outcome, error_type: str | None, *, retryable: bool) -> Applied:
        lease, policy = job.held, job.wish.policy
        job.lease = None
        job.attempts = lease.attempt
        job.past_leases[lease.token] = lease.robot
        job.reported_token = lease.token if outcome == "failed" else None
        job.reported_by = lease.robot
        is_business_error = outcome == "failed" and (not retryable or error_type in policy.never)
        if outcome == "lost":
            job.lost_by.add(lease.robot)
        elif not is_business_error and not lease.is_cancel_requested:
            self._count_failure(self.robots[lease.robot])
        is_poison = outcome == "lost" and len(job.lost_by) >= ROBOTS_THAT_POISON_KILLS
        may_retry = (
            policy.kind != "none"
            and (outcome not in TIMEOUTS or policy.retry_on_timeout)
            and not is_business_error
            and not is_poison
        )
        if may_retry and not lease.is_cancel_requested and lease.attempt < job.wish.max_attempts:
            delay = timedelta() if outcome == "lost" else policy.delay(lease.attempt)
            job.run_at = self.now + delay if delay else None
            job.uncounted_ends = 0
            job.events.append("job.retrying")
            return Applied("queued", self.now + delay)
        if lease.is_cancel_requested:
            self._end(job, "cancelled")
        else:
            self._end(job, "timeout" if outcome in TIMEOUTS else "failed")
            if is_poison:
                self.dead_letters[job.job_id] = "poison"
                job.events.append("job.poisoned")
            else:
                unlucky = "attempts_exhausted" if may_retry else "not_retryable"
                self.dead_letters[job.job_id] = {"failed": unlucky, "lost": "lease_lost"}.get(outcome, outcome)
        return Applied(job.status)

    def _count_failure(self, robot: Robot) -> None:
        robot.failures += 1
        robot.is_quarantined = robot.is_quarantined or robot.failures >= FAILURES_UNTIL_QUARANTINE
