"""Pools whose members take turns by robot-seconds, and the choice between that and jobs."""

from collections import Counter
from collections.abc import Iterator

import pytest
from tests.database.pools import Pool, fair_pool, make_pool, pool_robot, slug_of
from tests.databases import Database
from tests.factories import Robot, make_workflow
from tests.fleets import call, call_all, refused


@pytest.fixture
def pool(database: Database) -> Iterator[Pool]:
    pool = fair_pool(database)
    yield pool
    pool.close()


def live(pool: Pool, robots: list[Robot], seconds_of: dict[str, float], rounds: int) -> Counter[str]:
    """Robots that take one job after another, which last as their tenant says; the robot-seconds of each tenant."""
    used: Counter[str] = Counter()
    busy: list[tuple[float, Robot, dict[str, object] | None]] = [(0.0, robot, None) for robot in robots]
    now = 0.0
    for _ in range(rounds):
        busy.sort(key=lambda entry: entry[0])
        free_at, robot, job = busy.pop(0)
        pool.owner.travel(seconds=free_at - now)
        now = free_at
        if job:
            pool.owner.report(robot, "complete_job", job)
            pool.owner.run("fold_share_usage")
        [claimed] = pool.owner.claim(robot, lease_seconds=3600)
        name = pool.names_of([claimed])
        used[name] += seconds_of[name]
        busy.append((now + seconds_of[name], robot, claimed))
    return used


def member_loads(pool: Pool) -> dict[str, float]:
    """What the owner is shown of each member."""
    rows = [row["list_pool_members"] for row in call_all(pool.owner.member, "list_pool_members", pool=pool.id)]
    return {row["tenant"]: row["load"] for row in rows}


def test_members_get_the_same_robot_seconds_though_their_jobs_differ_in_length(pool: Pool) -> None:
    robots = [pool_robot(pool.owner, pool.id) for _ in range(4)]
    pool.fill(A=40, B=150)
    used = live(pool, robots, {"A": 120, "B": 15}, 130)
    assert 0.43 < used["A"] / sum(used.values()) < 0.57, used


def test_weights_say_how_much_each_gets(pool: Pool) -> None:
    robots = [pool_robot(pool.owner, pool.id) for _ in range(4)]
    pool.fill(A=60, C=120)
    used = live(pool, robots, {"A": 60, "C": 60}, 120)
    assert 2.4 < used["C"] / used["A"] < 3.6, used


def test_by_jobs_the_same_members_get_as_many_jobs_whatever_they_last(pool: Pool) -> None:
    """The control of the tests above."""
    call(pool.owner.member, "update_pool", pool=pool.id, shares_by="jobs")
    robots = [pool_robot(pool.owner, pool.id) for _ in range(4)]
    pool.fill(A=70, B=70)
    used = live(pool, robots, {"A": 120, "B": 15}, 100)
    assert used["A"] > 6 * used["B"], used


def test_a_claim_for_several_jobs_gives_each_member_its_part(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=50)
    pool.fill(A=20, B=20, C=20)
    counts = Counter(pool.names_of(pool.owner.claim(robot, limit=20)))
    assert counts == {"A": 4, "B": 4, "C": 12}


def test_ten_thousand_jobs_of_one_do_not_keep_anothers_single_job_waiting(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=50)
    pool.fill(A=10_000)
    pool.owner.claim(robot, limit=5)
    pool.fill(B=1)
    assert pool.names_of(pool.owner.claim(robot)) == "B"


def test_who_comes_back_after_a_while_has_saved_up_nothing_for_hours(pool: Pool) -> None:
    robots = [pool_robot(pool.owner, pool.id) for _ in range(2)]
    pool.fill(A=200)
    live(pool, robots, {"A": 60}, 80)
    for robot in robots:
        held = pool.owner.owner.execute(
            "select job_id, lease_token from private.leases where robot_id = %s", [robot.robot_id]
        ).fetchone()
        assert held is not None
        pool.owner.report(robot, "complete_job", held)
    pool.owner.run("fold_share_usage")
    pool.fill(B=100)
    used = live(pool, robots, {"A": 60, "B": 60}, 60)
    assert 0.1 < used["A"] / sum(used.values()) < 0.5, used  # half of what A had is forgotten every ten minutes


def test_a_member_that_has_had_the_least_but_nothing_for_this_robot_is_passed_over(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=9)
    pool.members["A"].enqueue(pool=pool.id, required_capabilities=["other"])
    pool.fill(B=2)
    assert pool.names_of(pool.owner.claim(robot, limit=9)) == "BB"


def test_max_running_holds(pool: Pool) -> None:
    call(pool.owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(pool.members["A"]), max_running=2)
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=50)
    pool.fill(A=10, B=3)
    assert Counter(pool.names_of(pool.owner.claim(robot, limit=50))) == {"A": 2, "B": 3}


def test_the_owners_own_jobs_count_for_the_owner(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=50)
    pool.owner.fill(9)
    pool.fill(A=10)
    assert Counter(pool.names_of(pool.owner.claim(robot, limit=10))) == {"O": 5, "A": 5}


def test_who_left_is_served_no_more_and_what_it_had_is_not_kept_against_it(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=50)
    member = pool.members["A"]
    pool.fill(A=6, B=6)
    held = pool.owner.claim(robot, limit=6)
    call(member.member, "leave_pool", pool=pool.id)
    assert pool.names_of(pool.owner.claim(robot, limit=50)) == "BBB"
    for job in held:
        pool.owner.report(robot, "complete_job", job)
    pool.owner.run("fold_share_usage")
    assert pool.owner.owner.execute("select from private.share_usage").fetchone() is None
    call(pool.owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(member))
    call(member.member, "accept_pool", pool=pool.id)
    assert member_loads(pool)[slug_of(member)] == 0


def test_a_job_counts_in_its_tenants_own_shares_and_in_the_pools(pool: Pool) -> None:
    member = pool.members["A"]
    member.owner.execute(
        """update public.tenants set settings = '{"queue": {"fair_share": true}}' where tenant_id = %s""",
        [member.tenant.tenant_id],
    )
    robot = pool_robot(pool.owner, pool.id)
    pool.fill(A=1)
    job = pool.owner.claim_one(robot)
    pool.owner.travel(seconds=40)
    pool.owner.report(robot, "complete_job", job)
    pool.owner.run("fold_share_usage")
    shares = [row["list_shares"] for row in call_all(member.member, "list_shares")]
    assert [share["load"] for share in shares] == [40]
    assert member_loads(pool)[slug_of(member)] == 40


def test_the_owner_sees_what_each_has_had_and_nothing_of_an_invitation(pool: Pool) -> None:
    call(pool.owner.member, "put_pool_member", pool=pool.id, tenant="nobody-yet")
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=3)
    pool.fill(C=1)
    pool.owner.claim_one(robot)
    loads = member_loads(pool)
    assert loads["nobody-yet"] is None
    assert loads[slug_of(pool.members["C"])] == 20, "such jobs are thought to take 60 s, and its weight is 3"
    with refused(404, "POOL_NOT_FOUND"):
        call(pool.members["C"].member, "list_pool_members", pool=pool.id)


def test_a_job_of_who_has_had_more_waits_for_its_turn_and_says_so(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=3)
    pool.fill(A=1)
    pool.owner.claim_one(robot)
    waiting = pool.members["A"].enqueue(pool=pool.id)
    pool.fill(B=1)

    def told() -> str:
        answer = call(pool.members["A"].member, "explain_job", job_id=waiting["job_id"])["explain_job"]
        return str(answer["reason_code"])

    assert told() == "pool_turn"
    assert pool.names_of([pool.owner.claim_one(robot)]) == "B"
    assert told() == "pool_next"
    assert pool.owner.claim_one(robot)["job_id"] == waiting["job_id"]


def test_a_pools_robot_is_told_the_job_that_it_takes_of_its_own_tenant_when_the_turn_comes(pool: Pool) -> None:
    owner = pool.owner
    owner.owner.execute(
        """update public.tenants set settings = '{"queue": {"fair_share": true}}' where tenant_id = %s""",
        [owner.tenant.tenant_id],
    )
    robot = pool_robot(owner, pool.id, max_concurrent_jobs=8)
    for workflow in (owner.workflow, make_workflow(owner.database, owner.tenant)):
        for _ in range(2):
            owner.enqueue(workflow_id=workflow.workflow_id)
    pool.fill(A=2)
    own = 0
    while own < 4:
        told = call(owner.member, "explain_robot", robot=robot.external_id)["explain_robot"]
        claimed = owner.claim_one(robot)
        if claimed["workflow_id"] != pool.members["A"].workflow.workflow_id:
            assert told["next_job_id"] == str(claimed["job_id"])
            own += 1


def test_update_pool_changes_what_it_is_told_and_refuses_the_rest(pool: Pool) -> None:
    owner = pool.owner.member
    assert call(owner, "update_pool", pool=pool.id)["update_pool"]["shares_by"] == "robot_seconds"
    changed = call(owner, "update_pool", pool=pool.id, name="Renamed")["update_pool"]
    assert (changed["name"], changed["shares_by"]) == ("Renamed", "robot_seconds")
    make_pool(pool.owner, "Other")
    with refused(409, "POOL_EXISTS"):
        call(owner, "update_pool", pool=pool.id, name="Other")
    with refused(400, "INVALID_ARGUMENT"):
        call(owner, "update_pool", pool=pool.id, name=" ")
    with refused(400, "INVALID_ARGUMENT"):
        call(owner, "update_pool", pool=pool.id, shares_by="luck")
    with refused(400, "INVALID_ARGUMENT"):
        call(owner, "create_pool", name="Third", shares_by="luck")
    with refused(404, "POOL_NOT_FOUND"):
        call(pool.members["A"].member, "update_pool", pool=pool.id, name="Mine")
