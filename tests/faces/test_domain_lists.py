"""Lists of the domain as any face may ask for them: by search, by the page before, and to the end."""

import json
from collections.abc import AsyncIterator
from functools import partial

import pytest
from tests.faces.stage import Stage
from tests.factories import Member

from casare_cloud.config import Settings
from casare_cloud.database import Database
from casare_cloud.domain.jobs import service as jobs
from casare_cloud.domain.jobs.model import Filter as JobFilter
from casare_cloud.domain.robots import service as robots
from casare_cloud.domain.robots.model import Filter as RobotFilter
from casare_cloud.identity import Actor


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    db = Database(settings)
    yield db
    await db.close()


def actor(member: Member) -> Actor:
    return Actor("authenticated", claims=json.dumps(member.claims, default=str))


async def test_jobs_are_read_to_the_end_in_batches_and_by_the_page_before(db: Database, stage: Stage) -> None:
    workflow, other = stage.workflow(), stage.workflow()
    made = [await stage.job(workflow) for _ in range(5)]
    await stage.job(other)
    wanted = JobFilter(workflow_id=workflow.workflow_id)
    begin = partial(db.transaction, actor(stage.tenant.admin))
    read = []
    async for job in jobs.read_all(begin, wanted, batch=2):
        read.append(str(job.job_id))
        if len(read) == 1:
            made_meanwhile = await stage.job(workflow)
    assert read == made[::-1], "each once, the newest first, and none that came meanwhile"
    async with begin() as tx:
        first, total, _ = await jobs.list_page(tx, wanted, 4, 0)
        assert (str(first[0].job_id), total) == (made_meanwhile, 6)
        second, left, _ = await jobs.list_page(
            tx, JobFilter(workflow_id=workflow.workflow_id, before=first[-1].job_id), 4, 0
        )
        assert ([str(job.job_id) for job in second], left) == (made[1::-1], 2)


async def test_robots_are_found_by_a_part_of_their_name_or_id(db: Database, stage: Stage) -> None:
    stage.robot("line-1")
    stage.robot("line-2")
    stage.robot("office")
    async with db.transaction(actor(stage.tenant.admin)) as tx:
        found, total = await robots.list_page(tx, RobotFilter(search="LINE"), 1, 0)
        assert ([robot.external_id for robot in found], total) == (["line-1"], 2)
        busy, none = await robots.list_page(tx, RobotFilter(search="line", is_busy=True), 10, 0)
        assert (busy, none) == ([], 0)
