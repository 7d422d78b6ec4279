"""Robots: registration and its keys, heartbeats, the status words, changes, removal."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from tests.database.test_queue_races import PATIENCE_SECONDS, is_waiting, run_beside
from tests.databases import Connection
from tests.factories import Key, claims_for, make_key, make_member
from tests.fleets import Fleet, call, call_all, refused, state_of

ROBOT = {
    "external_id": "robot-prod-001",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "capabilities": ["browser", "desktop", "browser"],
    "environment": "production",
    "max_concurrent_jobs": 3,
    "tags": ["invoice-processing"],
}


def enter(fleet: Fleet, key: Key, robot_id: uuid.UUID | None = None) -> Connection:
    """A session with a robot's key."""
    claims = claims_for(
        robot_id or key.api_key_id, fleet.tenant.tenant_id, "robot", robot_id=robot_id, api_key_id=key.api_key_id
    )
    return fleet.database.connect("authenticated", claims)


def register(session: Connection, **changes: Any) -> Mapping[str, Any]:
    return call(session, "register_robot", **(ROBOT | changes))


def status_of(fleet: Fleet, robot_id: uuid.UUID) -> str:
    row = fleet.member.execute("select * from public.live_robots where robot_id = %s", [robot_id]).fetchone()
    assert row is not None
    return state_of(row)


def test_a_robot_registers_with_a_key_that_belongs_to_nobody_and_the_key_is_its_own_from_then(fleet: Fleet) -> None:
    key = make_key(fleet.database, fleet.tenant)
    robot = register(enter(fleet, key))
    assert (robot["external_id"], state_of(robot), robot["capabilities"]) == (
        "robot-prod-001",
        "idle",
        ["browser", "desktop"],
    )
    assert robot["current_job_ids"] == []
    bound = fleet.owner.execute("select robot_id from public.api_keys where api_key_id = %s", [key.api_key_id])
    assert bound.fetchone() == {"robot_id": robot["robot_id"]}
    session = enter(fleet, key, robot["robot_id"])
    assert register(session, name="Renamed")["robot_id"] == robot["robot_id"]
    with refused(403, "FORBIDDEN"):
        register(session, external_id="robot-prod-002")


def test_a_registered_robot_claims_what_it_may_have(fleet: Fleet) -> None:
    key = make_key(fleet.database, fleet.tenant)
    robot = register(enter(fleet, key), is_internet=True)
    fleet.enqueue(required_capabilities=["desktop"], execution_mode="internet", environment="production")
    session = enter(fleet, key, robot["robot_id"])
    assert len(call_all(session, "claim_jobs")) == 1
    assert status_of(fleet, robot["robot_id"]) == "busy"


def test_the_name_of_a_robot_with_a_live_key_cannot_be_taken_by_another_key(fleet: Fleet) -> None:
    first, second = make_key(fleet.database, fleet.tenant), make_key(fleet.database, fleet.tenant)
    robot = register(enter(fleet, first))
    with refused(409, "ROBOT_ID_TAKEN"):
        register(enter(fleet, second))
    fleet.owner.execute("update public.api_keys set revoked_at = now() where api_key_id = %s", [first.api_key_id])
    assert register(enter(fleet, second))["robot_id"] == robot["robot_id"], "a lost key is replaced"


def test_users_register_robots_with_the_permission_only(fleet: Fleet) -> None:
    assert state_of(register(fleet.member)) == "offline", "it has not been heard of yet"
    with (
        fleet.database.connect("authenticated", make_member(fleet.database, fleet.tenant, "viewer").claims) as viewer,
        refused(403, "FORBIDDEN"),
    ):
        register(viewer)
    with fleet.database.connect("authenticated") as nobody, refused(401, "AUTHENTICATION_FAILED"):
        register(nobody)


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("external_id", "", "robot_id"),
        ("external_id", "a b", "robot_id"),
        ("external_id", "x" * 65, "robot_id"),
        ("external_id", None, "robot_id"),
        ("name", "", "name"),
        ("name", "x" * 129, "name"),
        ("name", None, "name"),
        ("hostname", "x" * 257, "hostname"),
        ("environment", "*", "environment"),
        ("max_concurrent_jobs", 0, "max_concurrent_jobs"),
        ("max_concurrent_jobs", 101, "max_concurrent_jobs"),
        ("capabilities", ["mode:internet"], "capabilities"),
        ("capabilities", ["session:interactive"], "heartbeats"),
        ("tags", ["x" * 65], "tags"),
        ("attributes", {"x": "y" * 70_000}, "attributes"),
    ],
)
def test_an_invalid_registration_is_refused_and_the_field_is_named(
    fleet: Fleet, field: str, value: object, word: str
) -> None:
    with refused(400, "INVALID_ARGUMENT", word):
        register(fleet.member, **{field: value})


def test_a_heartbeat_keeps_a_robot_online_and_its_silence_is_told_once(fleet: Fleet) -> None:
    robot = fleet.robot()
    answer = call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"cpu_percent": 45.2})["record_heartbeat"]
    assert answer["heard_at"].endswith("Z")
    assert (answer["heartbeat_seconds"], answer["lease_seconds"], answer["pending_commands"]) == (30, 60, [])
    fleet.travel(seconds=89)
    assert status_of(fleet, robot.robot_id) == "idle"
    fleet.travel(seconds=1)
    assert status_of(fleet, robot.robot_id) == "offline", "the word does not wait for the duty"
    fleet.run("mark_offline_robots")
    fleet.run("mark_offline_robots")
    call(fleet.robots[robot.robot_id], "record_heartbeat")
    told = [
        event["event_type"] for event in call_all(fleet.member, "list_events") if event["robot_id"] == robot.robot_id
    ]
    assert told[-2:] == ["robot.offline", "robot.online"]
    assert told.count("robot.offline") == 1
    row = fleet.member.execute(
        "select metrics, online_since from public.live_robots where robot_id = %s", [robot.robot_id]
    ).fetchone()
    assert row == {"metrics": {"cpu_percent": 45.2}, "online_since": fleet.now}


@pytest.mark.parametrize(
    ("session", "word"),
    [
        ("ann", "session must be an object"),
        ({"interactive": True}, "session.locked"),
        ({"interactive": 1, "locked": False}, "session.interactive"),
        ({"interactive": True, "locked": False, "user": "x" * 257}, "session.user"),
        ({"interactive": True, "locked": False, "width": 1.5}, "session.width"),
        ({"interactive": True, "locked": False, "height": -1}, "session.height"),
        ({"interactive": True, "locked": False, "depth": 24}, "session must not have the field depth"),
    ],
)
def test_a_session_that_is_none_is_refused_and_the_field_is_named(fleet: Fleet, session: object, word: str) -> None:
    robot = fleet.robot()
    with refused(400, "INVALID_ARGUMENT", word):
        call(fleet.robots[robot.robot_id], "record_heartbeat", metrics={"session": session})


def test_a_robot_that_waits_is_rung_when_its_screen_is_unlocked_and_has_nothing_when_it_is_locked(fleet: Fleet) -> None:
    robot = fleet.robot()
    session = fleet.robots[robot.robot_id]

    def beat(**said: object) -> None:
        call(session, "record_heartbeat", metrics={"session": {"interactive": True, **said}} if said else {})

    def rings() -> int:
        return [push["event"] for push in fleet.pushes(f"robot:{robot.robot_id}")].count("job_available")

    beat(locked=True)
    assert fleet.claim(robot, listening=True) == []
    job_id = fleet.enqueue(required_capabilities=["session:interactive"])["job_id"]
    assert rings() == 0
    beat(locked=False)
    assert rings() == 1
    beat(locked=False)
    assert rings() == 1, "only what changes rings"
    beat()
    assert fleet.claim(robot, listening=True) == [], "a machine that says nothing of a session has none"
    beat(locked=False)
    assert [job["job_id"] for job in fleet.claim(robot)] == [job_id]


def test_a_robot_speaks_for_itself_only_and_learns_nothing_of_others(fleet: Fleet, stranger: Fleet) -> None:
    robot, other, foreign = fleet.robot(), fleet.robot(), stranger.robot()
    session = fleet.robots[robot.robot_id]
    for name in (robot.external_id, str(robot.robot_id)):
        heard = call(session, "record_heartbeat", robot=name)["record_heartbeat"]
        assert heard["external_id"] == robot.external_id
    for name in [other.external_id, str(foreign.robot_id), "no-such-robot"]:
        with refused(403, "FORBIDDEN"):
            call(session, "record_heartbeat", robot=name)
        with refused(403, "FORBIDDEN"):
            call(session, "set_robot_status", robot=name, status="idle")
    seen = session.execute("select robot_id from public.live_robots").fetchall()
    assert seen == [{"robot_id": robot.robot_id}]
    for name in [foreign.external_id, str(foreign.robot_id), str(uuid.uuid4())]:
        with refused(404, "ROBOT_NOT_FOUND"):
            call(fleet.member, "update_robot", robot=name, changes={"name": "x"})


@pytest.mark.parametrize(
    ("word", "shown", "may_claim"),
    [
        ("idle", "idle", True),
        ("busy", "idle", True),
        ("error", "error", True),
        ("maintenance", "maintenance", False),
        ("offline", "offline", False),
    ],
)
def test_the_status_words_do_what_they_say(fleet: Fleet, word: str, shown: str, may_claim: bool) -> None:
    robot = fleet.robot()
    session = fleet.robots[robot.robot_id]
    assert state_of(call(session, "set_robot_status", robot=robot.external_id, status=word)) == shown
    fleet.enqueue()
    assert bool(fleet.claim(robot)) is may_claim
    call(session, "set_robot_status", robot=robot.external_id, status="idle")
    assert status_of(fleet, robot.robot_id) == ("busy" if may_claim else "idle")
    assert may_claim or fleet.claim(robot), "idle brings it back"


def test_a_robot_cannot_undo_what_a_person_decided_about_it(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.owner.execute("update public.robots set mode = 'disabled' where robot_id = %s", [robot.robot_id])
    session = fleet.robots[robot.robot_id]
    assert call(session, "set_robot_status", robot=None, status="idle")["mode"] == "disabled"
    assert call(fleet.member, "set_robot_status", robot=robot.external_id, status="idle")["mode"] == "active"
    with refused(400, "INVALID_ARGUMENT", "status"):
        call(session, "set_robot_status", robot=None, status="tired")


@pytest.mark.parametrize("decision", ["pause", "drain", "maintenance"])
def test_nothing_that_a_robot_says_of_itself_ends_what_a_person_decided(fleet: Fleet, decision: str) -> None:
    robot = fleet.robot()
    session = fleet.robots[robot.robot_id]
    if decision == "maintenance":
        call(fleet.member, "set_robot_status", robot=robot.external_id, status="maintenance")
    else:
        call(fleet.member, "command_robot", robot=robot.external_id, command=decision)
    fleet.enqueue()
    for word in ("maintenance", "idle", "error", "busy", "offline", "idle"):
        call(session, "set_robot_status", robot=None, status=word)
        assert fleet.claim(robot) == []
    call(session, "record_heartbeat")
    register(session, external_id=robot.external_id)
    assert fleet.claim(robot) == []
    assert status_of(fleet, robot.robot_id) == "maintenance"
    call(fleet.member, "command_robot", robot=robot.external_id, command="resume")
    assert fleet.claim(robot)


def test_a_robot_that_announced_maintenance_ends_it_itself_and_a_pause_meanwhile_stays(fleet: Fleet) -> None:
    robot = fleet.robot()
    session = fleet.robots[robot.robot_id]
    call(session, "set_robot_status", robot=None, status="maintenance")
    told = call(session, "explain_robot", robot=None)["explain_robot"]
    assert (told["reason_code"], told["is_eligible"]) == ("robot_in_maintenance", False)
    call(fleet.member, "command_robot", robot=robot.external_id, command="pause")
    assert call(session, "set_robot_status", robot=None, status="idle")["mode"] == "paused"
    fleet.enqueue()
    assert fleet.claim(robot) == []
    call(fleet.member, "command_robot", robot=robot.external_id, command="resume")
    call(session, "set_robot_status", robot=None, status="maintenance")
    assert fleet.claim(robot) == []
    call(fleet.member, "set_robot_status", robot=robot.external_id, status="idle")
    assert fleet.claim(robot), "a person's word ends both"


@pytest.mark.parametrize("command", ["pause", "drain"])
def test_a_robot_that_a_person_sets_to_idle_hears_that_its_pause_is_over(fleet: Fleet, command: str) -> None:
    robot = fleet.robot()
    call(fleet.member, "command_robot", robot=robot.external_id, command=command)
    call(fleet.member, "set_robot_status", robot=robot.external_id, status="idle")
    beat = call(fleet.robots[robot.robot_id], "record_heartbeat")["record_heartbeat"]
    assert [told["command"] for told in beat["pending_commands"]] == ["resume"]


def test_a_key_that_was_made_for_a_robot_that_is_not_there_registers_that_robot_only(fleet: Fleet) -> None:
    def key_of(key_id: uuid.UUID) -> Key:
        return Key(key_id, fleet.tenant.tenant_id, "robot", None, "", b"")

    made = call(
        fleet.member, "create_api_key", kind="robot", name="k", key_hash=b"0" * 32, prefix="p", robot="robot-prod-001"
    )
    assert (made["robot_id"], made["robot_external_id"]) == (None, "robot-prod-001")
    rotated = call(
        fleet.member, "rotate_api_key", api_key_id=made["api_key_id"], key_hash=b"1" * 32, prefix="p", overlap_seconds=9
    )
    for key_id in (made["api_key_id"], rotated["api_key_id"]):
        session = enter(fleet, key_of(key_id))
        with refused(403, "FORBIDDEN", "another id"):
            register(session, external_id="robot-prod-002")
    robot = register(enter(fleet, key_of(made["api_key_id"])))
    assert robot["external_id"] == "robot-prod-001"
    again = call(
        fleet.member, "create_api_key", kind="robot", name="k", key_hash=b"2" * 32, prefix="p", robot="robot-prod-001"
    )
    assert (again["robot_id"], again["robot_external_id"]) == (robot["robot_id"], None)
    for name in (str(uuid.uuid4()), "no name", "x" * 65):
        with refused(404, "ROBOT_NOT_FOUND"):
            call(fleet.member, "create_api_key", kind="robot", name="k", key_hash=b"3" * 32, prefix="p", robot=name)


def test_an_update_changes_the_named_fields_and_refuses_others(fleet: Fleet) -> None:
    robot = fleet.robot(tags=["a"], environment="production")
    changed = call(
        fleet.member, "update_robot", robot=robot.external_id, changes={"tags": ["c", "b"], "max_concurrent_jobs": 5}
    )
    assert (changed["tags"], changed["max_concurrent_jobs"], changed["environment"]) == (["b", "c"], 5, "production")
    bad: list[tuple[dict[str, Any], str]] = [
        ({"mode": "active"}, "mode"),
        ({"max_concurrent_jobs": 0}, "max_concurrent_jobs"),
        ({"max_concurrent_jobs": "many"}, "wrong type"),
        ({"environment": "*"}, "environment"),
        ({"tags": "x"}, "wrong type"),
    ]
    for changes, word in bad:
        with refused(400, "INVALID_ARGUMENT", word):
            call(fleet.member, "update_robot", robot=robot.external_id, changes=changes)
    with refused(403, "FORBIDDEN"):
        call(fleet.robots[robot.robot_id], "update_robot", robot=robot.external_id, changes={"name": "x"})


def test_a_deleted_robot_is_out_at_once_its_jobs_go_on_elsewhere_and_its_name_is_free(fleet: Fleet) -> None:
    robot, other = fleet.robot(external_id="r-1"), fleet.robot()
    job = fleet.enqueue()
    fleet.claim_one(robot)
    answer = call(fleet.member, "delete_robot", robot="r-1")["delete_robot"]
    assert answer["external_id"] == "r-1"
    with refused(401, "AUTHENTICATION_FAILED"):
        fleet.claim(robot)
    fleet.travel(seconds=6)
    assert fleet.claim_one(other)["job_id"] == job["job_id"]
    with refused(404, "ROBOT_NOT_FOUND"):
        call(fleet.member, "delete_robot", robot="r-1")
    assert fleet.member.execute("select from public.live_robots where external_id = 'r-1'").fetchall() == []
    register(enter(fleet, make_key(fleet.database, fleet.tenant)), external_id="r-1")


def test_a_waiting_robot_that_goes_is_not_rung(fleet: Fleet) -> None:
    robot = fleet.robot()
    fleet.claim(robot, listening=True)
    call(fleet.robots[robot.robot_id], "set_robot_status", robot=None, status="offline")
    fleet.enqueue()
    assert fleet.pushes(f"robot:{robot.robot_id}") == []
    silent = fleet.robot()
    fleet.claim(silent)  # takes the job
    quiet = fleet.robot()
    fleet.claim(quiet, listening=True)
    fleet.travel(seconds=timedelta(seconds=91).total_seconds())
    fleet.enqueue()
    assert fleet.pushes(f"robot:{quiet.robot_id}") == [], "it has not polled for too long to be believed"


def test_a_robot_that_is_taken_away_while_it_is_heard_stays_away(fleet: Fleet) -> None:
    robot = fleet.robot()
    session = fleet.database.connect("authenticated", robot.claims)
    call(session, "record_heartbeat")
    with fleet.member.transaction():
        call(fleet.member, "delete_robot", robot=str(robot.robot_id))
        beside = run_beside(lambda: call(session, "record_heartbeat"))
        assert is_waiting(fleet.owner)
    with refused(404, "ROBOT_NOT_FOUND"):
        beside.result(PATIENCE_SECONDS)
    heard = fleet.owner.execute("select is_online from public.robot_heartbeats where robot_id = %s", [robot.robot_id])
    assert heard.fetchone() == {"is_online": False}


def test_a_robot_of_which_nothing_is_left_does_not_keep_others_from_being_noticed_as_offline(fleet: Fleet) -> None:
    gone, silent = fleet.robot(), fleet.robot()
    for robot in (gone, silent):
        call(fleet.database.connect("authenticated", robot.claims), "record_heartbeat")
    call(fleet.member, "delete_robot", robot=str(gone.robot_id))
    late = """
        update public.robot_heartbeats set is_online = true, last_heartbeat_at = now() - interval '1 hour'
        where tenant_id = %s
    """
    fleet.owner.execute(late, [fleet.tenant.tenant_id])
    fleet.owner.execute("select private.mark_offline_robots(%s, 10, null)", [fleet.tenant.tenant_id])
    left = fleet.owner.execute(
        "select from public.robot_heartbeats where tenant_id = %s and is_online", [fleet.tenant.tenant_id]
    )
    assert left.fetchall() == []
