"""What the model of the queue knows, and the rules that many verbs share: places, limits, lanes, collisions, ends."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime, timedelta

from tests.reliability.queue_values import (
    Ageing,
    Job,
    JobId,
    LaneName,
    Limit,
    LimitName,
    OnCollision,
    Place,
    Refused,
    Robot,
    Wish,
)

AGEING = timedelta(minutes=30)
MAX_WAITING = 10  # the world sets its tenant so


class State:
    """The queue of one tenant."""

    def __init__(self, now: datetime, robots: list[Robot]) -> None:
        self.now = now
        self.robots = {robot.name: robot for robot in robots}
        self.jobs: dict[JobId, Job] = {}
        self.keys: dict[str, JobId] = {}
        self.limits: dict[LimitName, Limit] = {}
        self.lanes: defaultdict[LaneName, Ageing] = defaultdict(Ageing)
        self.lane_ids: dict[LaneName, int] = {}
        self.dead_letters: dict[JobId, str] = {}
        self.resolved_letters: set[JobId] = set()
        self.late_results: Counter[tuple[JobId, int, str]] = Counter()
        self.deleted_workflows: set[str] = set()
        self.is_full = False
        self._limits_made = 0

    # What is true

    def held_by(self, name: str) -> list[Job]:
        """The jobs that a robot holds."""
        return [job for job in self._in("leases") if job.held.robot == name]

    def running(self, name: LimitName) -> int:
        """How many held jobs count towards a limit."""
        return sum(name in job.wish.counts_towards for job in self._in("leases"))

    def room(self, name: LimitName) -> int:
        """How many more may be claimed under a limit."""
        return max(self.limits[name].max_running - self.running(name), 0)

    def kept(self) -> list[Job]:
        """The jobs that nobody purged."""
        return [job for job in self.jobs.values() if not job.is_purged]

    def _in(self, *places: Place) -> list[Job]:
        return [job for job in self.jobs.values() if job.place in places]

    # Limits

    def set_limit(self, name: LimitName, max_running: int, on_collision: OnCollision) -> int | Refused:
        """How many jobs count towards it now."""
        scope, of = name
        if scope == "workflow" and of in self.deleted_workflows:
            return Refused(404, "WORKFLOW_NOT_FOUND")
        if name in self.limits:
            self.limits[name].max_running, self.limits[name].on_collision = max_running, on_collision
        else:
            self._limits_made += 1
            self.limits[name] = Limit(self._limits_made, max_running, on_collision)
            for job in self._in("ready", "scheduled", "leases"):
                if name in job.wish.counts_towards and scope != "tenant":
                    part = "workflow_limit" if scope == "workflow" else "key_limit"
                    job.lane = replace(job.lane, **{part: self._limits_made})  # type: ignore[arg-type]
        return self.running(name)

    def remove_limit(self, name: LimitName) -> int | Refused:
        """How many jobs counted towards it."""
        return self.running(name) if self.limits.pop(name, None) else Refused(404, "LIMIT_NOT_FOUND")

    def lane_of(self, wish: Wish) -> LaneName:
        """The lane that a job gets now."""
        workflow, key = self.limits.get(("workflow", wish.workflow)), self.limits.get(("key", wish.key))
        return LaneName(
            wish.environment,
            wish.required,
            wish.target,
            wish.priority,
            workflow.number if workflow else None,
            key.number if key and wish.key else None,
        )

    def _collide(self, job: Job) -> None:
        """What the rule of its key does when a job becomes ready for the first time."""
        limit = self.limits.get(("key", job.wish.key)) if job.wish.key else None
        if limit is None or limit.on_collision == "queue":
            return
        others = [
            other
            for other in self._in("ready", "leases")
            if other is not job
            and other.wish.key == job.wish.key
            and not (other.lease and other.lease.is_cancel_requested)
        ]
        if len(others) < limit.max_running:
            return
        if limit.on_collision == "cancel_newest":
            self._cancel(job)
        else:
            for other in others[: len(others) - limit.max_running + 1]:
                self._cancel(other)

    # Ends without a robot

    def _cancel(self, job: Job) -> None:
        if job.lease:
            if job.lease.cancel_requested_at is None:
                job.lease.cancel_requested_at = self.now
                job.events.append("job.cancel_requested")
        else:
            self._end(job, "cancelled")

    def _end(self, job: Job, status: str) -> None:
        job.status, job.run_at, job.finished_at = status, None, self.now
        job.events.append(f"job.{status}")
        if job.wish.dedupe_key:
            del self.keys[job.wish.dedupe_key]

    # What cron does about waiting

    def check_waiting(self) -> int:
        """Notes whether as many jobs wait as may; for how many tenants that changed."""
        waiting = len(self._in("ready", "scheduled"))
        was_full, self.is_full = self.is_full, waiting >= MAX_WAITING - (MAX_WAITING // 10 if self.is_full else 0)
        return int(was_full != self.is_full)

    def age_lanes(self) -> int:
        """How many lanes are promoted because their first job has been first for too long."""
        first: dict[LaneName, Job] = {}
        for job in self._in("ready"):
            first.setdefault(job.lane, job)
        promoted = 0
        for lane in {*first, *self.lanes}:
            ageing = self.lanes[lane]
            head = first[lane].job_id if lane in first else None
            if head is None or ageing.head != head:
                ageing.head, ageing.head_since, ageing.promotion = head, self.now, max(ageing.promotion - 1, 0)
            elif ageing.promotion < lane.priority and self._is_overdue(ageing) and not self._is_held_back(lane):
                ageing.promotion, ageing.head_since = ageing.promotion + 1, self.now
                promoted += 1
        return promoted

    def rank(self, job: Job) -> int:
        """The priority by which a job is claimed."""
        return job.wish.priority - (self.lanes[job.lane].promotion if job.lane in self.lanes else 0)

    def _is_overdue(self, ageing: Ageing) -> bool:
        return ageing.head_since is not None and ageing.head_since <= self.now - AGEING

    def _is_held_back(self, lane: LaneName) -> bool:
        return any(
            limit.number in (lane.workflow_limit, lane.key_limit) and self.room(name) == 0
            for name, limit in self.limits.items()
        )
