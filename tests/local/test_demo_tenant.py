"""The demo tenant of a first start, made through the real orchestrator: once, or found again."""

from collections.abc import Iterator

import pytest
from tests.databases import Database
from tests.robot.stack import Stack, running_stack

from casare_cloud.local.demo_tenant import make_demo_tenant
from casare_cloud.local.errors import LocalStackError
from casare_cloud.robot.rest import RestTransport
from casare_cloud.robot.transport import RobotProfile

PASSWORD = "Demo-password-1a"


@pytest.fixture(scope="module")
def stack(shared_database: Database) -> Iterator[Stack]:
    with running_stack(shared_database) as running:
        yield running


@pytest.fixture(scope="module")
def env(stack: Stack, shared_database: Database) -> dict[str, str]:
    return {
        "ORCHESTRATOR_URL": stack.orchestrator_url,
        "DATABASE_URL": shared_database.dsn("casare_functions"),
        "DEMO_PASSWORD": PASSWORD,
    }


async def test_a_tenant_whose_key_was_never_kept_gets_a_new_key(stack: Stack, env: dict[str, str]) -> None:
    lost = await make_demo_tenant(env, "")
    kept = await make_demo_tenant(env, "")
    assert kept["DEMO_TENANT_ID"] == lost["DEMO_TENANT_ID"]
    for demo in (lost, kept):
        robot = RestTransport(stack.orchestrator_url, demo["ROBOT_API_KEY"], demo["ROBOT_ID"])
        await robot.register(RobotProfile(demo["ROBOT_ID"], "Demo", "host"))
        await robot.close()


async def test_a_demo_user_with_another_password_is_a_sentence_with_a_way_out(
    env: dict[str, str], shared_database: Database
) -> None:
    await make_demo_tenant(env, "")
    with pytest.raises(LocalStackError, match=r"demo@casare\.local is there, with another password\. Use --fresh\."):
        await make_demo_tenant({**env, "DEMO_PASSWORD": "Another-one-1a"}, "Use --fresh.")
    with shared_database.connect() as owner:
        tried = owner.execute("select sum(failures) as failures from private.login_attempts").fetchone()
    assert tried == {"failures": 1}, "one start is one guess"
