"""Long transactions: claims do not walk over what was claimed long ago, and nothing is hidden from them for it."""

import uuid
from collections.abc import Iterator

import pytest
from psycopg.types.json import Jsonb
from tests.databases import Connection, Database
from tests.factories import Robot
from tests.fleets import Fleet, Row, call_all, make_fleet

ZERO = uuid.UUID(int=0)


@pytest.fixture
def fleet(database: Database) -> Iterator[Fleet]:
    """A tenant alone in its database."""
    fleet = make_fleet(database)
    yield fleet
    fleet.close()


def raise_low_water(connection: Connection, lag: str = "0", step: int = 200, dead: int = 0) -> int:
    """Runs the duty: how many lanes it changed."""
    row = connection.execute("select private.raise_low_water(%s::interval, %s, %s) as n", [lag, step, dead]).fetchone()
    assert row is not None
    return int(row["n"])


def low_of(fleet: Fleet) -> uuid.UUID:
    """Where claims of the fleet's only lane begin."""
    row = fleet.owner.execute("select low_job_id from private.lanes").fetchone()
    assert row is not None
    low: uuid.UUID = row["low_job_id"]
    return low


def raise_past_everything(fleet: Fleet) -> uuid.UUID:
    """Puts the bound of the only lane after every job that was enqueued so far."""
    assert raise_low_water(fleet.owner, step=1) == 1
    return low_of(fleet)


def take_all(fleet: Fleet, count: int) -> None:
    """Takes the oldest ready jobs away as claims do, without the rest of a claim."""
    fleet.owner.execute(
        "with taken as (delete from private.ready where job_id in "
        "(select job_id from private.ready order by job_id limit %s) returning job_id) "
        "update public.jobs as j set status = 'completed', finished_at = now() from taken "
        "where j.job_id = taken.job_id",
        [count],
    )


def buffers_of_claim(fleet: Fleet, robot: Robot) -> int:
    """Pages that one claim touches; the claimed job is completed."""
    session = fleet.robots[robot.robot_id]
    row = session.execute("explain (analyze, buffers, format json) select * from public.claim_jobs()").fetchone()
    assert row is not None
    plan = row["QUERY PLAN"][0]["Plan"]
    assert plan["Actual Rows"] == 1
    job = session.execute("select job_id, lease_token from private.leases").fetchone()
    assert job is not None
    fleet.report(robot, "complete_job", job)
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def complete_all(fleet: Fleet, robot: Robot, jobs: list[Row]) -> None:
    """Completes what a robot holds, in one batch."""
    results = [{"job_id": str(job["job_id"]), "lease_token": job["lease_token"], "result": {}} for job in jobs]
    rows = call_all(fleet.robots[robot.robot_id], "complete_jobs", results=Jsonb(results))
    assert [row["status"] for row in rows] == ["completed"] * len(jobs)


@pytest.mark.parametrize("is_raised", [True, False])
def test_claims_beside_an_old_snapshot_touch_few_pages_only_because_of_the_bound(fleet: Fleet, is_raised: bool) -> None:
    robot, mate = fleet.robot(), fleet.robot(max_concurrent_jobs=100)
    fleet.fill(6_000)
    fleet.owner.execute("vacuum analyze")
    if not is_raised:  # what happens without: the control of this test
        fleet.owner.execute("update private.duties set claims_every = '1 day', claimed_at = %s", [fleet.now])
    for _ in range(5):
        before = buffers_of_claim(fleet, robot)

    holder = fleet.database.connect()
    with holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from private.ready")
        for _ in range(30):
            assert len(fleet.claim(mate, limit=100)) == 100
            fleet.owner.execute(
                "with ended as (delete from private.leases returning job_id) update public.jobs as j "
                "set status = 'completed', finished_at = now() from ended where ended.job_id = j.job_id"
            )
            if is_raised:
                raise_low_water(fleet.owner)
            fleet.travel(seconds=1)
        for _ in range(3):
            after = buffers_of_claim(fleet, robot)
        fleet.owner.execute("vacuum private.ready")
        for _ in range(3):  # the first plans anew
            still = buffers_of_claim(fleet, robot)
    if is_raised:
        assert max(after, still) <= before + 25, f"{before} pages before, {after} after 3,000 claims, {still} vacuumed"
    else:
        assert min(after, still) > before + 35, f"{before} and {after} pages: dead entries cost nothing?"


def test_without_dead_rows_nothing_is_raised(fleet: Fleet) -> None:
    fleet.fill(300)
    fleet.owner.execute("vacuum private.ready")
    assert raise_low_water(fleet.owner, step=1, dead=1000) == 0
    assert low_of(fleet) == ZERO


def test_the_bound_stays_behind_the_present_and_moves_by_steps(fleet: Fleet) -> None:
    fleet.fill(100)
    holder = fleet.database.connect()
    with holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from private.ready")
        take_all(fleet, 100)
        assert raise_low_water(fleet.owner, lag="15 seconds", step=1) == 0
        assert raise_low_water(fleet.owner, lag="0", step=200) == 0
        assert raise_low_water(fleet.owner, lag="0", step=100) == 1


def test_the_bound_never_passes_a_ready_job(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.fill(50)
    take_all(fleet, 30)
    oldest = fleet.owner.execute("select job_id from private.ready order by job_id limit 1").fetchone()
    assert oldest is not None
    assert raise_past_everything(fleet) == oldest["job_id"]
    assert fleet.claim_one(robot)["job_id"] == oldest["job_id"]


def slow_enqueue(fleet: Fleet) -> Connection:
    """A session for a transaction that stays open for long; the lane is there already, or others would wait for it."""
    fleet.enqueue()
    take_all(fleet, 1)
    return fleet.database.connect("authenticated", fleet.tenant.admin.claims)


def enqueue_in(slow: Connection, fleet: Fleet) -> Row:
    """A job of the open transaction, and a newer one that is committed and gone at once."""
    row = slow.execute("select * from public.enqueue_job(%s)", [fleet.workflow.workflow_id]).fetchone()
    assert row is not None
    fleet.enqueue()
    take_all(fleet, 1)
    return row


def test_a_job_whose_transaction_was_open_for_long_is_found_by_the_recheck(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.run("recheck_low_water")
    slow = slow_enqueue(fleet)
    with slow.transaction():
        row = enqueue_in(slow, fleet)
        assert raise_past_everything(fleet) > row["job_id"]
    assert fleet.claim(robot) == [], "until the recheck nobody sees it; if this fails the test proves nothing"
    assert fleet.run("recheck_low_water") == 1
    assert fleet.claim_one(robot)["job_id"] == row["job_id"]
    assert fleet.run("recheck_low_water") == 0


def test_claims_do_the_recheck_when_cron_does_not(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.run("recheck_low_water")
    slow = slow_enqueue(fleet)
    with slow.transaction():
        row = enqueue_in(slow, fleet)
        raise_past_everything(fleet)
    fleet.travel(seconds=149)
    assert fleet.claim(robot) == []
    fleet.travel(seconds=1)
    assert fleet.claim_one(robot)["job_id"] == row["job_id"]


@pytest.mark.parametrize("way", ["release", "lost lease", "retry", "retry without a delay"])
def test_a_job_that_comes_back_is_found_at_once(fleet: Fleet, way: str) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    delay = 0 if way == "retry without a delay" else 60
    job = fleet.enqueue(retry_policy={"policy": "fixed", "base_delay_seconds": delay, "jitter": 0})
    fleet.fill(2)
    claimed = fleet.claim_one(robot)
    take_all(fleet, 3)
    assert raise_past_everything(fleet) > job["job_id"]
    match way:
        case "release":
            fleet.report(robot, "release_job", claimed)
        case "lost lease":
            fleet.travel(seconds=61)
            assert fleet.run("rescue_expired_leases") == 1
        case _:
            fleet.report(robot, "fail_job", claimed, error_message="x")
            fleet.travel(seconds=delay)
            fleet.run("promote_scheduled_jobs")
    assert fleet.claim_one(robot)["job_id"] == job["job_id"]


def test_the_bound_of_a_lane_waits_for_a_job_that_is_being_put_back(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=5)
    job = fleet.enqueue()
    fleet.enqueue()
    claimed = fleet.claim_one(robot)
    take_all(fleet, 1)
    session = fleet.robots[robot.robot_id]
    with session.transaction():
        session.execute("select public.release_job(%s, %s)", [claimed["job_id"], claimed["lease_token"]])
        assert raise_low_water(fleet.owner, step=1) == 0
    raise_low_water(fleet.owner, step=1)
    assert low_of(fleet) <= job["job_id"]
    assert fleet.claim_one(robot)["job_id"] == job["job_id"]


def test_the_bound_follows_as_soon_as_the_transactions_before_have_ended(fleet: Fleet) -> None:
    fleet.fill(100)
    take_all(fleet, 101)
    slow = fleet.database.connect("authenticated", fleet.tenant.admin.claims)
    with slow.transaction():
        row = slow.execute("select * from public.enqueue_job(%s)", [fleet.workflow.workflow_id]).fetchone()
        assert row is not None
        fleet.fill(100)
        take_all(fleet, 101)
        for _ in range(3):
            assert raise_low_water(fleet.owner, lag="1 day", step=1) == 0, "an enqueue is under way"
    raised = [raise_low_water(fleet.owner, lag="1 day", step=1) for _ in range(3)]
    assert sum(raised) >= 1
    assert low_of(fleet) == row["job_id"], "the slow enqueue's job holds the bound, and nothing else"


def test_a_snapshot_does_not_hold_the_bound_back(fleet: Fleet) -> None:
    fleet.fill(100)
    take_all(fleet, 101)
    holder = fleet.database.connect()
    with holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from private.ready")
        assert sum(raise_low_water(fleet.owner, lag="1 day", step=1) for _ in range(3)) >= 1


def test_claims_raise_the_bound_by_themselves_when_there_are_many_dead_rows(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=10)
    fleet.fill(1_500)
    with fleet.database.connect() as holder, holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from private.ready")
        take_all(fleet, 1_300)
        fleet.owner.execute("select pg_stat_force_next_flush()")
        for _ in range(3):
            fleet.travel(seconds=2)
            fleet.claim_one(robot)
        oldest = fleet.owner.execute("select min(job_id::text)::uuid as job_id from private.leases").fetchone()
    assert oldest is not None
    assert low_of(fleet) >= oldest["job_id"]


def test_a_run_looks_at_some_lanes_and_the_next_goes_on(fleet: Fleet) -> None:
    for priority in range(5):
        fleet.enqueue(priority=priority)
    take_all(fleet, 5)
    raised = [
        row["n"]
        for _ in range(3)
        if (row := fleet.owner.execute("select private.raise_low_water('0', 1, 0, 2) as n").fetchone())
    ]
    assert raised == [2, 2, 1]
    assert raise_low_water(fleet.owner, step=1) == 0, "nobody has enqueued anything since"


@pytest.mark.parametrize("is_raised", [True, False])
def test_beside_an_old_snapshot_a_robot_s_ended_leases_are_not_counted_over(fleet: Fleet, is_raised: bool) -> None:
    robot = fleet.robot(max_concurrent_jobs=100)
    fleet.fill(4_000)
    fleet.owner.execute("vacuum analyze")
    fleet.owner.execute("update private.duties set claims_every = '1 day', claimed_at = %s", [fleet.now])
    query = "select count(*) from private.leases where robot_id = %s and lease_token >= (select low_lease_token "
    query += "from public.robot_heartbeats where robot_id = %s)"
    for scan in ("enable_seqscan", "enable_bitmapscan"):  # as in private.claim_jobs(), whatever was analyzed meanwhile
        fleet.owner.execute(f"set {scan} = off")

    def buffers_of_count() -> int:
        row = fleet.owner.execute(
            f"explain (analyze, buffers, format json) {query}", [robot.robot_id, robot.robot_id]
        ).fetchone()
        assert row is not None
        plan = row["QUERY PLAN"][0]["Plan"]
        return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])

    with fleet.database.connect() as holder, holder.transaction():
        holder.execute("set transaction isolation level repeatable read")
        holder.execute("select count(*) from private.leases")
        for _ in range(30):
            complete_all(fleet, robot, fleet.claim(robot, limit=100))
        if not is_raised:  # as it would be without: the control of this test
            fleet.owner.execute("update public.robot_heartbeats set low_lease_token = 0")
        pages = buffers_of_count()
    assert (pages < 20) is is_raised, f"{pages} pages"


def test_the_bound_of_a_robot_s_leases_hides_none(fleet: Fleet) -> None:
    robot = fleet.robot(max_concurrent_jobs=3)
    fleet.fill(20)
    lows = set()
    old = fleet.claim_one(robot)
    for number in range(1, 4):
        fleet.owner.execute("select setval('private.lease_tokens', %s)", [256 * number - 2])
        young = fleet.claim(robot, 10)
        assert len(young) == 2, "one slot of three is taken by the old job"
        complete_all(fleet, robot, young)
        row = fleet.owner.execute("select low_lease_token from public.robot_heartbeats").fetchone()
        assert row is not None
        lows.add(row["low_lease_token"])
    assert lows == {old["lease_token"]}
    complete_all(fleet, robot, [old])
    fleet.owner.execute("select setval('private.lease_tokens', %s)", [256 * 5 - 2])
    assert len(fleet.claim(robot, 10)) == 3
    row = fleet.owner.execute("select low_lease_token from public.robot_heartbeats").fetchone()
    assert row is not None
    assert row["low_lease_token"] == 256 * 5 - 1


def test_a_claim_that_holds_limits_does_not_wait_for_its_heartbeat_s_row(fleet: Fleet) -> None:
    """A heartbeat, or who marks robots as offline, may hold it and wait for others."""
    robot = fleet.robot(max_concurrent_jobs=3)
    fleet.fill(3)
    fleet.claim_one(robot)
    fleet.owner.execute("select setval('private.lease_tokens', 255)")
    fleet.robots[robot.robot_id].execute("set lock_timeout = '200ms'")
    holder = fleet.database.connect()
    with holder.transaction():
        holder.execute("select from public.robot_heartbeats for update")
        assert fleet.claim_one(robot)["lease_token"] == 256
