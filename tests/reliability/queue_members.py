"""What members do: put jobs in, cancel, retry, requeue and purge them, delete a workflow, order robots about."""

import uuid
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import multiple, precondition, rule
from tests.fleets import Row, call, call_all
from tests.reliability.queue_base import Base, id_and_status, jobs, new_ids, refusal, robots, wishes
from tests.reliability.queue_values import Job, Refused, Wish

ORDERS = ["slots", "slots", "offline", "idle", "pause", "resume", "release", "release"]
ORDERS += ["busy", "error", "maintenance", "drain", "shutdown", "quarantine"]
FINISHED = [["completed", "cancelled"], ["failed", "timeout"], ["completed", "cancelled", "failed", "timeout"]]
several_jobs = st.lists(jobs, min_size=1, max_size=3)


class Members(Base):
    """Rules of members."""

    @rule(target=jobs, wish=wishes, copies=st.sampled_from([1, 1, 2, 3]))
    def enqueue(self, wish: Wish, copies: int) -> object:
        return multiple(*new_ids(*(self.enqueued(wish, id_and_status(self.ask(wish))) for _ in range(copies))))

    @rule(target=jobs, wanted=st.lists(wishes, min_size=1, max_size=4), spoiled=st.integers(0, 8))
    def enqueue_batch(self, wanted: list[Wish], spoiled: int) -> object:
        items = [self._as_item(wish) for wish in wanted]
        if spoiled < len(items):
            items[spoiled]["priority"] = 99
        answer = self.attempt(self.real.member, "enqueue_jobs", jobs=items)
        problems = [
            Refused(400, "INVALID_ARGUMENT") if number == spoiled else self.model.problem_with(wish)
            for number, wish in enumerate(wanted)
        ]
        assert [row["position"] for row in answer] == list(range(len(items)))
        new = []
        for wish, row, problem in zip(wanted, answer, problems, strict=True):
            if problem:
                assert (refusal(row), row["job_id"]) == (problem, None)
            else:
                new.append(self.enqueued(wish, (row["job_id"], row["status"])))
        return multiple(*new_ids(*new))

    @rule(chosen=several_jobs, is_stranger=st.sampled_from([False, False, False, True]))
    def cancel(self, chosen: list[uuid.UUID], is_stranger: bool) -> None:
        if is_stranger:
            assert self.attempt(self.real.stranger, "cancel_job", job_id=chosen[0]) == Refused(404, "JOB_NOT_FOUND")
            return
        expected = {number: self.model.cancel(job) for number, job in self._in_order_of_ids(chosen)}
        if len(chosen) == 1:
            rows = [self.attempt(self.real.member, "cancel_job", job_id=chosen[0], reason="not wanted")]
        else:
            rows = self.attempt(self.real.member, "cancel_jobs", job_ids=chosen, reason="not wanted")
            assert [row["job_id"] for row in rows] == [chosen[row["position"]] for row in rows]
        for row in rows:
            problem = row if isinstance(row, Refused) else refusal({"error_code": None} | row)
            answer = problem or (row["cancelled"], row["cancel_requested"], row["previous_status"])
            assert answer == expected[0 if len(chosen) == 1 else row["position"]]

    @rule(job_id=jobs, is_late=st.booleans())
    def cancel_by_force(self, job_id: uuid.UUID, is_late: bool) -> None:
        """Perhaps after a minute, in which a robot that was asked may have stopped."""
        if is_late:
            self.travel(61)
        answer = self.attempt(self.real.member, "cancel_job", job_id=job_id, force=True)
        expected = self.model.cancel(self.model.jobs[job_id], force=True)
        if not isinstance(answer, Refused):
            answer = (answer["cancelled"], answer["cancel_requested"], answer["previous_status"])
        assert answer == expected

    @rule(target=jobs, chosen=several_jobs, function=st.sampled_from(["retry_job", "requeue_dead_letter"]))
    def retry(self, chosen: list[uuid.UUID], function: str) -> object:
        new = []
        for job_id, answer in zip(chosen, self._each(function, chosen), strict=True):
            job = self.model.jobs[job_id]
            is_retry = function == "retry_job"
            wish = self.model.wish_for_retry(job) if is_retry else self.model.wish_for_requeue(job)
            if isinstance(wish, Refused):
                assert answer == wish
            else:
                new.append(self.enqueued(wish, (uuid.UUID(str(answer["new_job_id"])), None), retry_of=job))
                self.model.retried(job)
        return multiple(*new_ids(*new))

    @rule(chosen=several_jobs)
    def purge_dead_letter(self, chosen: list[uuid.UUID]) -> None:
        for job_id, answer in zip(chosen, self._each("purge_dead_letter", chosen), strict=True):
            problem = self.model.purge_letter(self.model.jobs[job_id])
            assert problem == (answer if isinstance(answer, Refused) else None)

    @precondition(lambda self: len(self.model.jobs) > 4)
    @rule(statuses=st.sampled_from(FINISHED))
    def purge(self, statuses: list[str]) -> None:
        answer = call(self.real.member, "purge_jobs", status=statuses)["purge_jobs"]
        told = tuple(answer[name] for name in ("purged", "dead_letters", "log_entries", "seen"))
        assert told == self.model.purge(statuses)

    @precondition(lambda self: len(self.model.jobs) > 4)
    @rule()
    def delete_workflow(self) -> None:
        answer = self.attempt(self.real.member, "delete_workflow", workflow_id=self.real.world.workflow_ids["doomed"])
        expected = self.model.delete_workflow("doomed")
        assert (answer if isinstance(answer, Refused) else answer["cancelled_jobs"]) == expected

    @rule(name=robots, slots=st.integers(1, 4), order=st.sampled_from(ORDERS))
    def order(self, name: str, slots: int, order: str) -> None:
        """What people do with a robot: it works on, more or less or not at all."""
        if order == "slots":
            call(self.real.member, "update_robot", robot=name, changes={"max_concurrent_jobs": slots})
            self.model.robots[name].slots = slots
        elif order in ("offline", "idle", "busy", "error", "maintenance"):
            call(self.real.member, "set_robot_status", robot=name, status=order)
            self.model.order(name, order)
        else:
            answer = self.attempt(self.real.member, "command_robot", robot=name, command=order)
            assert self.model.order(name, order) == (answer if isinstance(answer, Refused) else None)

    def _each(self, function: str, chosen: list[uuid.UUID]) -> list[Any]:
        """An answer for each job, from the verb itself or, for several, from its batch."""
        if len(chosen) == 1:
            return [self.attempt(self.real.member, function, job_id=chosen[0])]
        rows: list[Row] = call_all(self.real.member, f"{function}s", job_ids=chosen)
        assert [(row["position"], row["job_id"]) for row in rows] == list(enumerate(chosen))
        return [refusal(row) or row for row in rows]

    def _in_order_of_ids(self, chosen: list[uuid.UUID]) -> list[tuple[int, Job]]:
        numbered = sorted(enumerate(chosen), key=lambda each: each[1])
        return [(number, self.model.jobs[job_id]) for number, job_id in numbered]

    def _as_item(self, wish: Wish) -> Row:
        arguments = self.real.arguments(wish)
        arguments["workflow_id"] = str(arguments["workflow_id"])
        if arguments["run_at"]:
            arguments["run_at"] = arguments["run_at"].isoformat()
        return arguments
