"""What robots are told to do: to stop jobs, and what people order."""

from tests.factories import make_robot
from tests.gateway.robots.wires import Fleet, running


async def test_a_cancellation_reaches_a_robot_that_was_away(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    await speaker.drop()
    fleet.as_admin("select public.cancel_job(%s, 'not wanted')", job_id)
    again = fleet.speaker(speaker.robot)
    await again.register()
    assert (await again.hear("job_cancel"))["payload"] == {"job_id": job_id, "reason": "not wanted"}
    await again.say("heartbeat", {"active_job_ids": [job_id]})
    assert [m["type"] for m in again.wire.heard].count("job_cancel") == 1
    await again.say("job_cancelled", {"job_id": job_id})
    assert fleet.job(job_id)["status"] == "cancelled"


async def test_a_command_waits_for_a_robot_that_is_away(fleet: Fleet) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    fleet.as_admin("select public.command_robot(%s, 'pause')", robot.external_id)
    speaker = await fleet.registered(robot)
    await speaker.hear("pause")
    await speaker.say("heartbeat", {"status": "paused"})
    assert fleet.robot(robot)["last_command"]["acknowledged_at"] is not None
    await speaker.say("heartbeat", {"status": "paused"})
    assert [m["type"] for m in speaker.wire.heard].count("pause") == 1


async def test_a_robot_that_starts_while_it_is_paused_is_told_so(fleet: Fleet) -> None:
    """Also when an earlier process of it has acknowledged the command."""
    robot = make_robot(fleet.database, fleet.tenant)
    fleet.as_admin("select public.command_robot(%s, 'pause')", robot.external_id)
    before = await fleet.registered(robot)
    await before.hear("pause")
    await before.say("heartbeat", {"status": "online"})
    await before.drop()
    speaker = fleet.speaker(robot)
    assert (await speaker.register())["payload"]["mode"] == "paused"
    assert [m["type"] for m in speaker.wire.heard] == ["register_ack", "pause"]


async def test_a_robot_that_starts_in_quarantine_is_told_so_and_of_its_end(fleet: Fleet) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    fleet.as_admin("select public.command_robot(%s, 'quarantine')", robot.external_id)
    speaker = fleet.speaker(robot)
    assert (await speaker.register())["payload"]["quarantined_at"] is not None
    fleet.as_admin("select public.command_robot(%s, 'release')", robot.external_id)
    await speaker.hear("resume")


async def test_a_status_request_leaves_an_order_in_force(fleet: Fleet) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    for command in ("pause", "status_request", "status_request"):
        fleet.as_admin("select public.command_robot(%s, %s)", robot.external_id, command)
    speaker = await fleet.registered(robot)
    assert [m["type"] for m in speaker.wire.heard[1:]] == ["pause", "status_request"]


async def test_a_robot_that_paused_itself_gets_no_jobs_until_it_goes_on(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    await speaker.say("heartbeat", {"status": "paused"})
    job_id = fleet.submit()
    other = await fleet.registered()
    assert (await other.assigned())["payload"]["job_id"] == job_id
    second = fleet.submit()
    await speaker.say("heartbeat", {"status": "online"})
    assert (await speaker.assigned())["payload"]["job_id"] == second


async def test_a_robot_that_was_offline_and_registers_anew_on_the_same_socket_gets_jobs(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    await speaker.say("heartbeat", {"status": "offline"})
    await speaker.register()
    await speaker.say("heartbeat", {"status": "idle"})
    job_id = fleet.submit()
    assert (await speaker.assigned())["payload"]["job_id"] == job_id


async def test_a_robot_that_is_resumed_gets_a_job_before_its_next_heartbeat(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    fleet.as_admin("select public.command_robot(%s, 'pause')", speaker.robot.external_id)
    await speaker.hear("pause")
    await speaker.say("heartbeat", {"status": "paused"})
    job_id = fleet.submit()
    fleet.as_admin("select public.command_robot(%s, 'resume')", speaker.robot.external_id)
    await speaker.hear("resume")
    assert (await speaker.assigned())["payload"]["job_id"] == job_id


async def test_a_drained_robot_is_told_nothing_and_has_acknowledged(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    fleet.as_admin("select public.command_robot(%s, 'drain')", speaker.robot.external_id)
    await fleet.until(lambda: speaker.session._keeper._commands)
    await speaker.say("heartbeat", {"status": "online"})
    assert {m["type"] for m in speaker.wire.heard} == {"register_ack", "heartbeat_ack"}
    assert fleet.robot(speaker.robot)["last_command"]["acknowledged_at"] is not None
