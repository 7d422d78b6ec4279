"""What robots of a pool get: only what asked for it, from its members exactly in turn, never beyond their limits."""

import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from tests.database.pools import Pool, join, make_member, make_pool, pool_robot, slug_of
from tests.database.test_queue_plans import buffers_of_claim
from tests.databases import Database
from tests.factories import Robot
from tests.fleets import Fleet, call, call_all, refused


@pytest.fixture
def pool(shared_database: Database) -> Iterator[Pool]:
    """A pool with the members A, B (weight 1) and C (weight 2)."""
    pool = Pool(shared_database, A=1, B=1, C=2)
    yield pool
    pool.close()


def is_rotation(names: str, cycle: str) -> bool:
    """Whether a sequence goes round a cycle, wherever it begins."""
    return any(names == (cycle * len(names))[start : start + len(names)] for start in range(len(cycle)))


# -- what goes to whom


def test_only_a_job_that_asks_for_the_pool_is_taken_by_its_robots(pool: Pool) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id, max_concurrent_jobs=9)
    member.enqueue()
    asked = member.enqueue(pool=pool.id)
    outside, own = pool.owner.robot(max_concurrent_jobs=9), member.robot(max_concurrent_jobs=9)
    assert pool.owner.claim(outside, limit=9) == []
    assert [job["job_id"] for job in pool.owner.claim(robot, limit=9)] == [asked["job_id"]]
    again = member.enqueue(pool=pool.id)
    assert again["job_id"] not in [job["job_id"] for job in member.claim(own, limit=9)]


def test_a_pools_robot_runs_all_that_its_own_tenant_has(pool: Pool) -> None:
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=9)
    for properties in ({}, {"pool": pool.id}, {"robot_id": robot.external_id}):
        pool.owner.enqueue(**properties)
    assert pool.names_of(pool.owner.claim(robot, limit=9)) == "OOO"


def test_what_a_job_asks_for_beside_the_pool_it_gets(pool: Pool) -> None:
    plain = pool_robot(pool.owner, pool.id)
    able = pool_robot(pool.owner, pool.id, capabilities=["sap"], tags=["vip"], environment="production")
    job = pool.members["A"].enqueue(
        pool=pool.id, required_capabilities=["sap"], required_tags=["vip"], environment="production"
    )
    assert pool.owner.claim(plain) == []
    assert pool.owner.claim_one(able)["job_id"] == job["job_id"]


def test_a_member_of_two_pools_is_served_by_the_one_that_it_asked(pool: Pool, fleet: Fleet) -> None:
    member, second = pool.members["A"], make_pool(fleet)
    join(fleet, second, member)
    robot, other = pool_robot(pool.owner, pool.id), pool_robot(fleet, second)
    job = member.enqueue(pool=second)
    assert pool.owner.claim(robot) == []
    assert fleet.claim_one(other)["job_id"] == job["job_id"]


# -- turns


@pytest.mark.parametrize("limit", [1, 2, 3, 8])
def test_claims_go_round_exactly_as_the_weights_say(pool: Pool, limit: int) -> None:
    pool.fill(A=50, B=50, C=50)
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=8)
    names = pool.turns(robot, 24 // limit, limit)
    assert len(names) == 24
    assert is_rotation(names, "ABCC"), names


def test_the_owner_has_a_turn_like_any_member(pool: Pool) -> None:
    pool.fill(O=20, A=20, C=20)
    pool.owner.fill(20)  # whether or not they ask for the pool
    robot = pool_robot(pool.owner, pool.id)
    assert is_rotation(pool.turns(robot, 12), "OACC")
    call(pool.owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(pool.owner), weight=3)
    pool.turns(robot, 4)
    assert is_rotation(pool.turns(robot, 12), "OOOACC")


def test_each_robot_goes_round_by_itself(pool: Pool) -> None:
    pool.fill(A=60, B=60, C=60)
    robots = [pool_robot(pool.owner, pool.id) for _ in range(6)]
    names = ["".join(column) for column in zip(*([pool.turns(r, 1) for r in robots] for _ in range(8)), strict=True)]
    assert all(is_rotation(sequence, "ABCC") for sequence in names), names
    assert Counter("".join(names)) == {"A": 12, "B": 12, "C": 24}


def test_ten_thousand_jobs_of_one_keep_anothers_single_job_waiting_for_one_turn(pool: Pool) -> None:
    pool.fill(C=10_000)
    robot = pool_robot(pool.owner, pool.id)
    assert pool.turns(robot, 5) == "CCCCC"
    pool.members["A"].enqueue(pool=pool.id)
    assert pool.turns(robot, 3) in ("CAC", "ACC")


def test_a_member_whose_jobs_are_used_up_gives_its_turn_away(pool: Pool) -> None:
    pool.fill(A=2, B=6, C=1)
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=9)
    names = pool.turns(robot, 9)
    assert (Counter(names), names[-4:]) == ({"A": 2, "B": 6, "C": 1}, "BBBB")
    assert pool.owner.claim(robot, limit=9) == []


def test_priorities_count_within_a_member_only(pool: Pool) -> None:
    for name, priorities in {"A": (5, 15), "B": (0, 1, 2)}.items():
        for priority in reversed(priorities):
            pool.members[name].enqueue(pool=pool.id, priority=priority)
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=9)
    jobs = pool.owner.claim(robot, limit=4)
    assert is_rotation(pool.names_of(jobs), "AB")
    of_a = [job["priority"] for job in jobs if pool.names_of([job]) == "A"]
    assert of_a == [5, 15]


# -- both sides may end it


@pytest.mark.parametrize("who", ["owner", "member", "tenant deleted"])
def test_who_left_gets_nothing_from_the_next_claim_on(pool: Pool, who: str) -> None:
    member, robot = pool.members["A"], pool_robot(pool.owner, pool.id, max_concurrent_jobs=9)
    pool.fill(A=3)
    held = pool.owner.claim_one(robot)
    if who == "owner":
        call(pool.owner.member, "remove_pool_member", pool=pool.id, tenant=slug_of(member))
    elif who == "member":
        call(member.member, "leave_pool", pool=pool.id)
    else:
        member.owner.execute(
            "update public.tenants set deleted_at = now() where tenant_id = %s", [member.tenant.tenant_id]
        )
    assert pool.owner.claim(robot, limit=9) == []
    assert pool.owner.report(robot, "complete_job", held)["outcome"] == "applied", "what is held may be finished"
    if who != "tenant deleted":
        call(pool.owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(member))
        assert pool.owner.claim(robot, limit=9) == [], "invited is not accepted"
        join(pool.owner, pool.id, member)
        assert len(pool.owner.claim(robot, limit=9)) == 2


def test_a_robot_that_left_the_pool_or_whose_key_was_revoked_gets_nothing(pool: Pool) -> None:
    robot, revoked = pool_robot(pool.owner, pool.id), pool_robot(pool.owner, pool.id)
    pool.fill(A=2)
    call(pool.owner.member, "set_robot_pool", robot=robot.external_id)
    assert pool.owner.claim(robot) == []
    call(pool.owner.member, "revoke_api_key", api_key_id=revoked.key.api_key_id)
    with refused(401, "AUTHENTICATION_FAILED"):
        pool.owner.claim(revoked)


def test_a_job_of_a_tenant_that_left_is_not_retried_for_the_pool(pool: Pool) -> None:
    member = pool.members["A"]
    job = member.enqueue(pool=pool.id)
    call(member.member, "cancel_job", job_id=job["job_id"])
    again = call(member.member, "retry_job", job_id=job["job_id"])["retry_job"]["new_job_id"]
    assert str(member.job(uuid.UUID(again))["pool_id"]) == pool.id
    call(member.member, "leave_pool", pool=pool.id)
    with refused(404, "POOL_NOT_FOUND"):
        call(member.member, "retry_job", job_id=job["job_id"])


# -- limits


def test_max_running_counts_what_all_robots_of_the_pool_hold(pool: Pool) -> None:
    member = pool.members["A"]
    robots = [pool_robot(pool.owner, pool.id, max_concurrent_jobs=9) for _ in range(2)]
    pool.fill(A=10)
    first = pool.owner.claim(robots[0], limit=2)
    call(pool.owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(member), max_running=3)
    second = pool.owner.claim(robots[1], limit=9)
    assert len(first + second) == 3, "those held before count"
    pool.owner.report(robots[0], "release_job", first[0])
    assert len(pool.owner.claim(robots[0], limit=9)) == 1
    call(pool.owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(member))
    assert len(pool.owner.claim(robots[0], limit=9)) == 7
    assert call_all(member.member, "list_limits") == []


def test_the_members_own_limits_hold_on_the_pools_robots_too(pool: Pool) -> None:
    member, robot = pool.members["C"], pool_robot(pool.owner, pool.id, max_concurrent_jobs=20)
    call(member.member, "set_limit", scope="key", concurrency_key="k", max_running=1)
    call(member.member, "set_limit", scope="tenant", max_running=4)
    for _ in range(3):
        member.enqueue(pool=pool.id, concurrency_key="k", priority=0)
    pool.fill(C=10)
    jobs = pool.owner.claim(robot, limit=20)
    assert len(jobs) == 4
    assert sum(job["priority"] == 0 for job in jobs) == 1
    for job in jobs:
        pool.owner.report(robot, "complete_job", job)
    assert [row["list_limits"]["running"] for row in call_all(member.member, "list_limits")] == [0, 0]


def test_many_robots_at_once_never_pass_max_running_and_lose_nothing(pool: Pool) -> None:
    owner = pool.owner
    for name, most in {"A": 2, "B": 3}.items():
        call(owner.member, "put_pool_member", pool=pool.id, tenant=slug_of(pool.members[name]), max_running=most)
    pool.fill(A=40, B=40, C=40)
    robots = [pool_robot(owner, pool.id, max_concurrent_jobs=4) for _ in range(8)]
    too_many = """
        select l.tenant_id, count(*) from private.leases as l
        join private.limits as w on w.tenant_id = l.tenant_id and w.scope = 'pool'
        join private.limit_counters as c on c.limit_id = w.limit_id
        where w.pool_id = %s
        group by l.tenant_id, c.max_running, c.running
        having count(*) > c.max_running or count(*) <> c.running
    """
    done: Counter[uuid.UUID] = Counter()
    wrong: list[Any] = []

    def work(robot: Robot) -> None:
        with owner.database.connect("authenticated", robot.claims) as session, owner.database.connect() as watch:
            while sum(done.values()) < 120:
                jobs = call_all(session, "claim_jobs", limit=4)
                wrong.extend(watch.execute(too_many, [pool.id]).fetchall())
                for job in jobs:
                    token = {"job_id": job["job_id"], "lease_token": job["lease_token"]}
                    done[job["job_id"]] += (
                        call(session, "complete_job", **token)["complete_job"]["outcome"] == "applied"
                    )

    with ThreadPoolExecutor(8) as threads:
        for future in [threads.submit(work, robot) for robot in robots]:
            future.result(120)
    assert wrong == []
    assert (len(done), set(done.values())) == (120, {1})
    assert owner.run("reconcile_limits") == 0


# -- what it costs


def test_ten_thousand_members_without_work_for_the_pool_cost_a_claim_nothing(database: Database) -> None:
    pool = Pool(database, A=1)
    robot = pool_robot(pool.owner, pool.id)
    pool.fill(A=30)
    pool.owner.owner.execute("vacuum analyze")
    before = buffers_of_claim(pool.owner, robot)
    pool.owner.owner.execute(
        """
        with t as (
            insert into public.tenants (name, slug) select 'x', 'x-' || n from generate_series(1, 10000) as n
            returning tenant_id, slug
        ), q as (
            insert into private.queue_tenants (tenant_id) select tenant_id from t returning tenant_no
        ), l as (
            insert into private.lanes (tenant_no, environment, priority) select tenant_no, '*', 10 from q
            returning tenant_no, lane_id
        ), r as (
            insert into private.ready (tenant_no, lane_id, job_id) select tenant_no, lane_id, private.uuid_v7() from l
        )
        insert into public.pool_members (pool_id, invitee, tenant_id, invited_at, accepted_at)
        select %s, slug, tenant_id, now(), now() from t
        """,
        [pool.id],
    )
    # Its work is behind all of them in the round, and nobody's else: every claim goes past them.
    pool.owner.owner.execute("delete from private.ready where pool_id = %s", [pool.id])
    last = make_member(pool.owner, pool.id)
    last.fill(30, pool=pool.id)
    pool.owner.owner.execute("vacuum analyze")
    after = buffers_of_claim(pool.owner, robot)
    # A page or two for each index that grew a level, on every look; 10,000 members would be 30,000 pages.
    assert after <= before + 40, f"{before} pages before, {after} after"
    last.close()
    pool.close()


def test_whose_turn_is_next_is_found_in_an_index(pool: Pool) -> None:
    plan = pool.owner.owner.execute(
        "explain select r.tenant_no from private.ready as r where r.pool_id = %s and r.tenant_no > 5 "
        "order by r.tenant_no limit 1",
        [pool.id],
    ).fetchall()
    text = "\n".join(str(row["QUERY PLAN"]) for row in plan)
    assert "Sort" not in text
    assert "using ready_pool_id_tenant_no_idx" in text
    assert "Index Cond" in text


def test_a_pools_job_wakes_a_waiting_robot_of_the_pool_and_no_other(pool: Pool) -> None:
    member = pool.members["A"]
    robot, outside, own = pool_robot(pool.owner, pool.id), pool.owner.robot(), member.robot()
    for fleet, waiting in ((pool.owner, robot), (pool.owner, outside), (member, own)):
        assert fleet.claim(waiting, listening=True) == []
    member.enqueue(pool=pool.id)
    rung = [r for r in (robot, outside, own) if pool.owner.pushes(f"robot:{r.robot_id}")]
    assert rung == [robot]
    member.enqueue()
    assert [push["event"] for push in member.pushes(f"robot:{own.robot_id}")] == ["job_available"]


def test_a_claim_that_is_undone_leaves_the_turn_where_it_was(pool: Pool) -> None:
    pool.fill(A=9, B=9, C=9)
    robot = pool_robot(pool.owner, pool.id)
    session = pool.owner.robots[robot.robot_id]
    with session.transaction(force_rollback=True):
        first = call(session, "claim_jobs")["job_id"]
    assert pool.owner.claim_one(robot)["job_id"] == first


def test_two_claims_of_different_members_do_not_wait_for_each_other(pool: Pool) -> None:
    pool.fill(A=1, B=1)
    robots = [pool_robot(pool.owner, pool.id) for _ in range(2)]
    one, two = (pool.owner.robots[robot.robot_id] for robot in robots)
    two.execute("set lock_timeout = '5s'")
    with one.transaction(), two.transaction():
        jobs = [call(one, "claim_jobs"), call(two, "claim_jobs")]
    assert sorted(pool.names_of(jobs)) == ["A", "B"]


def test_a_member_whose_limit_is_being_set_is_passed_over_and_not_waited_for(pool: Pool) -> None:
    pool.fill(A=5, B=5)
    robot = pool_robot(pool.owner, pool.id, max_concurrent_jobs=9)
    setter, claimer = pool.members["A"].member, pool.owner.robots[robot.robot_id]
    claimer.execute("set lock_timeout = '5s'")
    with setter.transaction():
        call(setter, "set_limit", scope="tenant", max_running=2)
        try:
            names = pool.names_of(call_all(claimer, "claim_jobs", limit=9))
        except psycopg.errors.LockNotAvailable:
            pytest.fail("the claim waited")
    assert names == "BBBBB"
    assert pool.names_of(pool.owner.claim(robot, limit=9)) == "AA"
