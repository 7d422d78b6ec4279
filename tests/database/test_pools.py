"""Pools: both sides agree, each may end it, and nobody learns of anybody who has not agreed."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from tests.database.pools import join, make_member, make_pool, pool_robot, slug_of, standing
from tests.databases import Database
from tests.factories import make_member as make_person
from tests.fleets import Fleet, call, call_all, make_fleet, refused

COLUMNS = "pool_id, invitee, weight, max_running, invited_at, accepted_at"


@pytest.fixture
def member(shared_database: Database) -> Iterator[Fleet]:
    """A tenant that may become a member of the fleet's pools."""
    fleet = make_fleet(shared_database)
    yield fleet
    fleet.close()


def members(owner: Fleet, pool: str) -> dict[str, bool]:
    """Who is invited to a pool, as its owner sees it, and whether each has accepted."""
    rows = [row["list_pool_members"] for row in call_all(owner.member, "list_pool_members", pool=pool)]
    return {row["tenant"]: row["accepted_at"] is not None for row in rows}


def test_the_owner_invites_and_the_member_accepts(fleet: Fleet, member: Fleet) -> None:
    pool = make_pool(fleet)
    assert standing(fleet, pool) == "owner"
    assert members(fleet, pool) == {slug_of(fleet): True}
    call(fleet.member, "put_pool_member", pool="Shared", tenant=slug_of(member).upper(), weight=3, max_running=2)
    assert standing(member, pool) == "invited"
    answer = call(member.member, "accept_pool", pool="Shared")["accept_pool"]
    assert (answer["standing"], answer["weight"], answer["max_running"]) == ("member", 3, 2)
    assert members(fleet, pool) == {slug_of(fleet): True, slug_of(member): True}
    assert call(member.member, "accept_pool", pool=pool)["accept_pool"] == answer, "again changes nothing"


@pytest.mark.parametrize("by_id", [False, True])
def test_an_owner_never_learns_who_exists(fleet: Fleet, member: Fleet, by_id: bool) -> None:
    pool = make_pool(fleet)
    known = str(member.tenant.tenant_id) if by_id else slug_of(member)
    unknown = str(uuid.uuid4()) if by_id else "nobody-has-this-slug"
    answers = []
    for name in (known, unknown):
        invited = call(fleet.member, "put_pool_member", pool=pool, tenant=name)["put_pool_member"]
        again = call(fleet.member, "put_pool_member", pool=pool, tenant=name, weight=2)["put_pool_member"]
        row = fleet.member.execute(
            f"select {COLUMNS} from public.pool_members where invitee = %s and pool_id = %s", [name, pool]
        ).fetchone()
        gone = call(fleet.member, "remove_pool_member", pool=pool, tenant=name)["remove_pool_member"]
        answers.append(str((invited, again, row, gone)).replace(name, "<name>"))
    assert answers[0] == answers[1]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        fleet.member.execute("select tenant_id from public.pool_members")


def test_who_was_invited_by_two_names_is_one_member_and_was_two_strangers(fleet: Fleet, member: Fleet) -> None:
    pool = make_pool(fleet)
    call(fleet.member, "put_pool_member", pool=pool, tenant=slug_of(member), weight=2)
    fleet.travel(seconds=1)
    call(fleet.member, "put_pool_member", pool=pool, tenant=str(member.tenant.tenant_id), weight=5)
    assert len(members(fleet, pool)) == 3
    assert call(member.member, "accept_pool", pool=pool)["accept_pool"]["weight"] == 5
    assert members(fleet, pool) == {slug_of(fleet): True, str(member.tenant.tenant_id): True}


def test_a_member_sees_the_pool_and_itself_and_no_other_member(fleet: Fleet, member: Fleet, stranger: Fleet) -> None:
    pool = make_pool(fleet)
    join(fleet, pool, member)
    other = make_member(fleet, pool)
    pool_robot(fleet, pool)
    seen = member.member.execute(f"select {COLUMNS} from public.pool_members").fetchall()
    assert [row["invitee"] for row in seen] == [slug_of(member)]
    assert [row["name"] for row in member.member.execute("select name from public.pools").fetchall()] == ["Shared"]
    assert member.member.execute("select robot_id from public.live_robots").fetchall() == []
    with refused(404, "POOL_NOT_FOUND"):
        call_all(member.member, "list_pool_members", pool=pool)
    assert stranger.member.execute("select pool_id from public.pools").fetchall() == []
    assert stranger.member.execute(f"select {COLUMNS} from public.pool_members").fetchall() == []
    other.close()


def test_a_stranger_can_do_nothing_with_a_pool_and_a_member_nothing_of_the_owners(
    fleet: Fleet, member: Fleet, stranger: Fleet
) -> None:
    pool = make_pool(fleet)
    join(fleet, pool, member)
    robot, own = pool_robot(fleet, pool), member.robot()
    for caller in (stranger, member):
        for function, arguments in {
            "delete_pool": {},
            "put_pool_member": {"tenant": slug_of(stranger)},
            "remove_pool_member": {"tenant": slug_of(member)},
        }.items():
            with refused(404, "POOL_NOT_FOUND"):
                call(caller.member, function, pool=pool, **arguments)
    with refused(404, "POOL_NOT_FOUND"):
        call(member.member, "set_robot_pool", robot=own.external_id, pool=pool)
    with refused(404, "ROBOT_NOT_FOUND"):
        call(member.member, "set_robot_pool", robot=str(robot.robot_id))
    for function in ("accept_pool", "leave_pool"):
        with refused(404, "POOL_NOT_FOUND"):
            call(stranger.member, function, pool=pool)
    assert members(fleet, pool) == {slug_of(fleet): True, slug_of(member): True}


@pytest.mark.parametrize("who", ["owner", "member", "invitee"])
def test_either_side_ends_it_at_any_time(fleet: Fleet, member: Fleet, who: str) -> None:
    pool = make_pool(fleet)
    join(fleet, pool, member, max_running=1)
    if who == "owner":
        call(fleet.member, "remove_pool_member", pool=pool, tenant=slug_of(member))
    elif who == "member":
        call(member.member, "leave_pool", pool="Shared")
    else:
        call(member.member, "leave_pool", pool=pool)
        call(fleet.member, "put_pool_member", pool=pool, tenant=slug_of(member))
        call(member.member, "leave_pool", pool=pool)
    assert standing(member, pool) is None
    assert members(fleet, pool) == {slug_of(fleet): True}
    assert member.owner.execute(
        "select from private.limits where tenant_id = %s", [member.tenant.tenant_id]
    ).fetchall() == []  # fmt: skip
    with refused(404, "POOL_NOT_FOUND"):
        member.enqueue(pool=pool)


def test_the_owner_stays(fleet: Fleet) -> None:
    pool = make_pool(fleet)
    with refused(409, "POOL_OWNER_STAYS"):
        call(fleet.member, "remove_pool_member", pool=pool, tenant=slug_of(fleet))
    with refused(409, "POOL_OWNER_STAYS"):
        call(fleet.member, "leave_pool", pool=pool)
    own = call(fleet.member, "put_pool_member", pool=pool, tenant=str(fleet.tenant.tenant_id), weight=4)
    assert (own["put_pool_member"]["tenant"], own["put_pool_member"]["weight"]) == (slug_of(fleet), 4)
    with refused(400, "INVALID_ARGUMENT", "max_running"):
        call(fleet.member, "put_pool_member", pool=pool, tenant=slug_of(fleet), max_running=1)


def test_only_who_may_answers_for_a_tenant(fleet: Fleet, member: Fleet) -> None:
    pool = make_pool(fleet)
    call(fleet.member, "put_pool_member", pool=pool, tenant=slug_of(member))
    for role in ("developer", "operator", "viewer"):
        session = fleet.database.connect("authenticated", make_person(fleet.database, fleet.tenant, role).claims)
        for function, arguments in {
            "create_pool": {"name": "x"},
            "put_pool_member": {"pool": pool, "tenant": "x"},
            "remove_pool_member": {"pool": pool, "tenant": slug_of(member)},
            "delete_pool": {"pool": pool},
        }.items():
            with refused(403, "FORBIDDEN"):
                call(session, function, **arguments)
        session.close()
        session = member.database.connect("authenticated", make_person(member.database, member.tenant, role).claims)
        for function in ("accept_pool", "leave_pool"):
            with refused(403, "FORBIDDEN"):
                call(session, function, pool=pool)
        session.close()
    assert standing(member, pool) == "invited"


@pytest.mark.parametrize(
    ("function", "arguments", "word"),
    [
        ("create_pool", {"name": " "}, "name"),
        ("create_pool", {"name": "x" * 65}, "name"),
        ("put_pool_member", {"pool": "Shared", "tenant": "not a slug"}, "tenant"),
        ("put_pool_member", {"pool": "Shared", "tenant": "x", "weight": 0}, "weight"),
        ("put_pool_member", {"pool": "Shared", "tenant": "x", "weight": 101}, "weight"),
        ("put_pool_member", {"pool": "Shared", "tenant": "x", "max_running": -1}, "max_running"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    fleet: Fleet, function: str, arguments: dict[str, object], word: str
) -> None:
    make_pool(fleet)
    with refused(400, "INVALID_ARGUMENT", word):
        call(fleet.member, function, **arguments)


def test_a_name_that_two_pools_have_needs_an_id(fleet: Fleet, member: Fleet, stranger: Fleet) -> None:
    pools = [make_pool(fleet), make_pool(stranger)]
    with refused(409, "POOL_EXISTS"):
        make_pool(fleet)
    for owner, pool in zip((fleet, stranger), pools, strict=True):
        join(owner, pool, member)
    with refused(409, "POOL_AMBIGUOUS"):
        member.enqueue(pool="Shared")
    assert str(member.enqueue(pool=pools[1])["pool_id"]) == pools[1]
    assert str(fleet.enqueue(pool="Shared")["pool_id"]) == pools[0], "an owner sees the own pool only"


def test_only_a_member_can_ask_for_a_pool_and_others_hear_that_there_is_none(
    fleet: Fleet, member: Fleet, stranger: Fleet
) -> None:
    pool = make_pool(fleet)
    call(fleet.member, "put_pool_member", pool=pool, tenant=slug_of(member))
    answers = set()
    for caller, name in ((stranger, pool), (stranger, str(uuid.uuid4())), (member, pool), (member, "Shared")):
        with pytest.raises(psycopg.Error) as caught:
            caller.enqueue(pool=name)
        answers.add((caught.value.sqlstate, str(caught.value)))
    assert len(answers) == 1
    jobs = [{"workflow_id": str(stranger.workflow.workflow_id), "pool": pool}]
    (answer,) = call_all(stranger.member, "enqueue_jobs", jobs=jobs)
    assert (answer["error_status"], answer["error_code"]) == (404, "POOL_NOT_FOUND")
    assert answer["job_id"] is None


@pytest.mark.parametrize("where", ["robot", "job", "batch", "update"])
def test_nobody_smuggles_a_pool_in_as_a_word(fleet: Fleet, member: Fleet, where: str) -> None:
    pool = make_pool(fleet)
    word = f"pool:{pool}"
    if where == "robot":
        with refused(400, "INVALID_ARGUMENT", "pool:"):
            member.robot(capabilities=[word])
    elif where == "update":
        robot = member.robot()
        with refused(400, "INVALID_ARGUMENT", "pool:"):
            call(member.member, "update_robot", robot=robot.external_id, changes={"capabilities": [word]})
    elif where == "job":
        for field in ("required_capabilities", "required_tags"):
            with refused(400, "INVALID_ARGUMENT", "pool:"):
                member.enqueue(**{field: [word]})
    else:
        jobs = [{"workflow_id": str(member.workflow.workflow_id), "required_capabilities": [word]}]
        (answer,) = call_all(member.member, "enqueue_jobs", jobs=jobs)
        assert (answer["error_code"], answer["job_id"]) == ("INVALID_ARGUMENT", None)


def test_a_pool_that_is_deleted_lets_its_robots_go(fleet: Fleet, member: Fleet) -> None:
    pool = make_pool(fleet)
    join(fleet, pool, member, max_running=3)
    robot = pool_robot(fleet, pool)
    job = member.enqueue(pool=pool)
    call(fleet.member, "delete_pool", pool=pool)
    row = fleet.member.execute("select pool_id from public.robots where robot_id = %s", [robot.robot_id]).fetchone()
    assert row == {"pool_id": None}
    assert standing(member, pool) is None
    assert call(member.member, "explain_job", job_id=job["job_id"])["explain_job"]["reason_code"] == "pool_deleted"


def test_each_side_finds_its_own_acts_in_its_audit_and_none_of_the_other_sides(fleet: Fleet, member: Fleet) -> None:
    pool = make_pool(fleet)
    join(fleet, pool, member)
    entries = {
        name: [
            (row["action"], row["actor_id"])
            for row in side.owner.execute(
                "select action, actor_id from public.audit_log where tenant_id = %s and resource_type = 'pool_members' "
                "order by audit_id",
                [side.tenant.tenant_id],
            ).fetchall()
        ]
        for name, side in (("owner", fleet), ("member", member))
    }
    theirs = fleet.tenant.admin.user_id
    assert entries["owner"] == [("create", theirs), ("create", theirs)]
    assert entries["member"] == [("update", member.tenant.admin.user_id)]
