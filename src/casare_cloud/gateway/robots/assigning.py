"""Jobs for one robot: claimed with its rights when its bell rings, assigned, and taken back when it does not accept."""

import asyncio
import random
from uuid import UUID, uuid4

from casare_cloud.domain.jobs import leases
from casare_cloud.domain.jobs.model import ClaimedJob, ClaimOrder
from casare_cloud.errors import ApiError
from casare_cloud.gateway.robots.connection import Connection
from casare_cloud.gateway.robots.holdings import Held
from casare_cloud.gateway.robots.messages import JobAssign
from casare_cloud.gateway.robots.problems import may_pass, problem_of
from casare_cloud.http import backoff_delays
from casare_cloud.waiting import happens_within

# Until the next look for jobs when the bell is silent; while it cannot be heard, the first three.
LOOK_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
DEAF_LOOKS = 3
# After so many rejections in a row: other robots have the first chance at what this one would not run.
REST_SECONDS = (5.0, 10.0, 20.0, 40.0, 60.0)


class Assigner:
    """Keep `run()` as a task from the robot's registration to the end of its socket."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._woken = asyncio.Event()
        self._looks = 0  # in vain, since the last ring or job
        self._rejections = 0
        self._rests_until = 0.0
        self.is_paused = False  # the robot itself says that it takes no jobs

    def wake(self) -> None:
        """There may be a job for the robot, or room for one."""
        self._looks = 0
        self._woken.set()

    def note_accepted(self) -> None:
        """The robot takes jobs."""
        self._rejections, self._rests_until = 0, 0.0

    def note_rejected(self) -> None:
        """The robot would not run a job: for a while it is offered none."""
        rest = REST_SECONDS[min(self._rejections, len(REST_SECONDS) - 1)]
        self._rejections += 1
        self._rests_until = asyncio.get_running_loop().time() + rest

    async def run(self) -> None:
        """Looks for jobs and assigns them, until cancelled."""
        claim_id, pauses = uuid4(), backoff_delays(0.5, 5.0)
        while True:
            self._woken.clear()
            jobs: list[ClaimedJob] = []
            is_heard = False
            if (free := self._free_slots()) > 0 and self._rest() <= 0:
                is_heard = self._connection.bell is not None and self._connection.bell.is_heard
                try:
                    jobs = await self._claim(free, claim_id, is_heard)
                except ApiError as error:
                    if not may_pass(error):
                        await self._connection.tell_problem(problem_of(error), None)
                    await happens_within(self._woken, next(pauses))
                    continue  # with the same claim: its answer may have been lost
            for job in jobs:
                await self._assign(job, claim_id)
            claim_id, pauses = uuid4(), backoff_delays(0.5, 5.0)
            if jobs:
                self._looks = 0
            else:
                await self._pause(is_heard)

    def _free_slots(self) -> int:
        return 0 if self.is_paused else self._connection.slots - self._connection.holdings.busy_slots

    def _rest(self) -> float:
        return self._rests_until - asyncio.get_running_loop().time()

    async def _claim(self, limit: int, claim_id: UUID, is_heard: bool) -> list[ClaimedJob]:
        order = ClaimOrder(limit=limit, lease_seconds=self._connection.patience.accept_grace, claim_id=claim_id)
        async with self._connection.transaction() as tx:
            if self._connection.is_over:
                return []
            return await leases.claim_now(tx, order, is_heard)

    async def _assign(self, job: ClaimedJob, claim_id: UUID) -> None:
        accept_by = asyncio.get_running_loop().time() + self._connection.patience.accept_grace
        held = Held(job.job_id, job.lease_token, claim_id, assign_id=str(uuid4()), accept_by=accept_by)
        self._connection.holdings.put(held)
        self._connection.may_run_again(job.job_id)
        await self._connection.tell("job_assign", JobAssign.of(job), message_id=held.assign_id)

    async def _pause(self, is_heard: bool) -> None:
        """Until a ring or a change, or the next look."""
        if self._free_slots() <= 0:
            await self._woken.wait()
            return
        look = LOOK_SECONDS[min(self._looks, len(LOOK_SECONDS if is_heard else LOOK_SECONDS[:DEAF_LOOKS]) - 1)]
        self._looks += 1
        jittered = look * random.uniform(0.75, 1.25)  # noqa: S311 - spreading load
        await happens_within(self._woken, max(self._rest(), 0.0) or jittered)
