"""The agent and its leases: each attempt is its own, whatever other attempts of the same job do."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from tests.robot.lives import GATED, LONG, Gate, MakeLife
from tests.robot.workflows import chain

from casare_cloud.robot import agent_core
from casare_cloud.robot.transport import Signal


async def test_the_attempt_that_a_robot_lost_does_not_harm_the_one_it_was_given_next(make_life: MakeLife) -> None:
    life = make_life(concurrency=2, lease_seconds=0.15)
    async with life.working():
        job_id = life.transport.add(LONG)
        await life.until(lambda: "start" in life.transport.calls)
        life.transport.add(LONG, job_id=job_id)
        await life.until(lambda: "lease_lost" in life.kinds)
        await life.until(lambda: life.kinds.count("claimed") == 2)
        await life.until(lambda: len(life.agent._runs) == 1)
        assert life.agent.running_job_ids == [job_id]
        life.transport.cancelled.add(job_id)  # told with a renewal: of the second attempt, by now
        await life.until(lambda: life.transport.outcomes)
    assert life.transport.outcomes[job_id][0] == "release"


@pytest.mark.parametrize("call", ["renew", "heartbeat"])
async def test_a_call_that_is_never_answered_is_given_up_and_made_again(make_life: MakeLife, call: str) -> None:
    life = make_life()
    original = getattr(life.transport, call)
    swallowed: list[str] = []

    async def once_silent(*arguments: Any) -> Any:
        if not swallowed and life.agent.running_job_ids:
            swallowed.append(call)
            await asyncio.Event().wait()
        return await original(*arguments)

    setattr(life.transport, call, once_silent)
    async with life.working():
        job_id = life.transport.add(LONG)
        await life.until(lambda: swallowed)
        life.transport.cancelled.add(job_id)  # told with the renewal after the one that was swallowed
        life.transport.pending.append(Signal("pause"))  # and this with the heartbeat
        await life.until(lambda: life.transport.outcomes and "paused" in life.kinds)


async def test_a_job_that_begins_again_finds_no_files_of_its_first_run(make_life: MakeLife) -> None:
    append = ("w", "AppendFileNode", {"file_path": "a.txt", "content": "row"})
    definition = chain(append, ("r", "ReadFileNode", {"file_path": "a.txt"}))
    definition["nodes"][-1]["config"] = {"result": "{{r.content}}"}
    async with make_life().working() as life:
        for _ in range(2):  # the attempt's number is the same: a release gives it back
            job_id = life.transport.add(definition, job_id="j")
            await life.until(lambda: life.transport.outcomes)
            assert life.transport.outcomes.pop(job_id)[1]["output"] == "row"


async def test_old_files_are_removed_while_the_robot_runs_but_not_those_of_a_running_job(
    make_life: MakeLife, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_core, "CLEANING_SECONDS", 0.01)

    def age(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder, (0, 0))
        return folder

    async with make_life().working() as life:
        life.transport.add(GATED)
        await life.until(lambda: gate.inside == 1)
        [running] = (life.work_dir / "jobs").iterdir()
        age(running)
        for name in ("old", "older"):  # the second goes in a later round than the first
            old = age(life.work_dir / "jobs" / name)
            await life.until(lambda old=old: not old.exists())  # type: ignore[misc]
        assert running.exists()
        gate.opened.set()
        await life.until(lambda: life.transport.outcomes)
