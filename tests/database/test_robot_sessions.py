"""What a gateway asks the database for a robot that speaks over a socket: patience, leases, and which socket counts."""

import json
import uuid
from typing import Any

import pytest
from tests.factories import Robot
from tests.fleets import Fleet, Row, call


def facts(fleet: Fleet, robot: Robot) -> Row:
    answer: Row = call(fleet.robots[robot.robot_id], "get_robot_session")["get_robot_session"]
    return answer


def register(fleet: Fleet, robot: Robot, session_id: uuid.UUID) -> Row:
    arguments = {"external_id": robot.external_id, "name": "r", "max_concurrent_jobs": 2, "session_id": session_id}
    return call(fleet.robots[robot.robot_id], "register_robot", **arguments)


def leave(fleet: Fleet, robot: Robot, session_id: uuid.UUID) -> int:
    left = call(fleet.robots[robot.robot_id], "leave_robot_session", session_id=session_id)
    return int(left["leave_robot_session"])


def seconds_left(fleet: Fleet, job: Row) -> float:
    left = "extract(epoch from lease_expires_at - private.clock())::float"
    row = fleet.owner.execute(f"select {left} as s from private.leases where job_id = %s", [job["job_id"]]).fetchone()
    assert row is not None
    return float(row["s"])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (30, 60)),
        ({"robots": {"accept_grace_seconds": 10, "reconnect_window_seconds": 600}}, (10, 600)),
        ({"robots": {"accept_grace_seconds": 4, "reconnect_window_seconds": 3001}}, (30, 60)),
        ({"robots": {"accept_grace_seconds": "10", "reconnect_window_seconds": None}}, (30, 60)),
        ({"robots": []}, (30, 60)),
    ],
)
def test_the_patience_with_robots_is_a_setting_of_the_tenant(
    fleet: Fleet, settings: Any, expected: tuple[int, int]
) -> None:
    robot = fleet.robot()
    query = "update public.tenants set settings = %s where tenant_id = %s"
    fleet.owner.execute(query, [json.dumps(settings), fleet.tenant.tenant_id])
    found = facts(fleet, robot)
    assert (found["accept_grace_seconds"], found["reconnect_window_seconds"]) == expected


def test_a_new_session_finds_the_leases_of_its_robot_and_no_others(fleet: Fleet) -> None:
    robot, other = fleet.robot(max_concurrent_jobs=2), fleet.robot()
    fleet.fill(3)
    started, waiting = fleet.start_one(robot), fleet.claim_one(robot)
    fleet.claim_one(other)
    call(fleet.member, "cancel_job", job_id=started["job_id"], reason="not wanted")
    first, second = facts(fleet, robot)["leases"]
    assert first == {
        "job_id": str(started["job_id"]),
        "lease_token": started["lease_token"],
        "is_started": True,
        "cancel_requested": True,
        "cancel_reason": "not wanted",
    }
    assert (second["job_id"], second["is_started"]) == (str(waiting["job_id"]), False)


def test_a_session_that_is_left_keeps_what_was_started_for_the_reconnect_window(fleet: Fleet) -> None:
    robot, session_id = fleet.robot(max_concurrent_jobs=2), uuid.uuid4()
    register(fleet, robot, session_id)
    fleet.fill(2)
    started, waiting = fleet.start_one(robot), fleet.claim_one(robot)
    fleet.owner.execute("update private.leases set lease_expires_at = private.clock() + interval '7 seconds'")
    assert leave(fleet, robot, session_id) == 1
    assert (round(seconds_left(fleet, started)), round(seconds_left(fleet, waiting))) == (60, 7)
    assert register(fleet, robot, uuid.uuid4())["other_session_at"] is None


def test_a_session_that_was_replaced_is_told_and_changes_no_lease_when_it_is_left(fleet: Fleet) -> None:
    robot, older, newer = fleet.robot(), uuid.uuid4(), uuid.uuid4()
    register(fleet, robot, older)
    fleet.fill(1)
    job = fleet.start_one(robot)
    register(fleet, robot, newer)
    assert [push["event"] for push in fleet.pushes(f"robot:{robot.robot_id}")] == ["session_replaced"]
    for session_id, is_replaced in ((older, True), (newer, False)):
        heard = call(fleet.robots[robot.robot_id], "record_heartbeat", session_id=session_id)["record_heartbeat"]
        assert heard["is_replaced"] is is_replaced
    before = seconds_left(fleet, job)
    assert leave(fleet, robot, older) == 0
    assert seconds_left(fleet, job) == before


def test_a_robot_that_rejects_a_job_is_not_the_one_that_is_woken_for_it(fleet: Fleet) -> None:
    robot, other = fleet.robot(), fleet.robot()
    for each in (other, robot):
        assert fleet.claim(each, listening=True) == []
    fleet.enqueue()
    fleet.owner.execute("truncate private.waiting_robots")  # one was rung
    job = fleet.claim_one(robot)
    for each in (robot, other):
        fleet.owner.execute(
            "insert into private.waiting_robots (robot_id, tenant_no, environment, capabilities, waiting_since) "
            "select %s, q.tenant_no, 'default', '{}', private.clock() from private.queue_tenants as q "
            "where q.tenant_id = %s",
            [each.robot_id, fleet.tenant.tenant_id],
        )
    before = {each.robot_id: len(fleet.pushes(f"robot:{each.robot_id}")) for each in (robot, other)}
    fleet.report(robot, "release_job", job, reason="no browser here")
    rung = {each.robot_id: len(fleet.pushes(f"robot:{each.robot_id}")) for each in (robot, other)}
    assert rung == {robot.robot_id: before[robot.robot_id], other.robot_id: before[other.robot_id] + 1}


def test_a_status_request_supersedes_no_order_and_no_order_supersedes_it(fleet: Fleet) -> None:
    robot = fleet.robot()
    for command in ("status_request", "pause", "status_request", "resume"):
        call(fleet.member, "command_robot", robot=robot.external_id, command=command)
    heard = call(fleet.robots[robot.robot_id], "record_heartbeat")["record_heartbeat"]
    assert [command["command"] for command in heard["pending_commands"]] == ["status_request", "resume"]
    row = fleet.member.execute("select mode from public.live_robots where robot_id = %s", [robot.robot_id]).fetchone()
    assert row == {"mode": "active"}
