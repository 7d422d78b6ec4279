"""What a robot says wrongly is answered with an error of document 001, and the session goes on."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.factories import make_key, make_robot, make_tenant
from tests.gateway.robots.wires import Fleet, Speaker, new_fleet

from casare_cloud.errors import Unavailable
from casare_cloud.gateway.rates import MESSAGES
from casare_cloud.gateway.robots import session
from casare_cloud.gateway.robots.messages import FROM_ROBOTS
from casare_cloud.identity import Actor, hash_of_key, new_api_key


def key_of(text: str) -> Actor:
    return Actor("authenticated", key_hash=hash_of_key(text))


async def raw(speaker: Speaker, frame: str | bytes) -> dict[str, Any]:
    """The error that answers a frame."""
    before = len(speaker.wire.heard)
    await speaker.session.receive(frame)
    [error] = speaker.wire.heard[before:]
    assert error["type"] == "error", error
    return error


async def lives(speaker: Speaker) -> bool:
    assert speaker.wire.closed is None
    ack = await speaker.answer("heartbeat", {"status": "online"})
    return ack is not None and ack["type"] == "heartbeat_ack"


BAD_FRAMES: list[tuple[str | bytes, str, str]] = [
    ("{", "INVALID_JSON", "valid JSON"),
    ('{"type": "heartbeat", "payload": {"cpu_percent": NaN}}', "INVALID_JSON", "NaN"),
    ("[]", "INVALID_MESSAGE", "object"),
    (b"{}", "INVALID_MESSAGE", "binary"),
    ("{}", "INVALID_MESSAGE", "type"),
    ('{"type": "job_assign", "payload": {}}', "INVALID_MESSAGE", "to robots"),
    ('{"type": "heartbeat", "version": 2, "payload": {"robot_id": "x"}}', "INVALID_MESSAGE", "version"),
    ('{"type": "heartbeat", "id": 7, "payload": {}}', "INVALID_MESSAGE", "id"),
    ('{"type": "heartbeat", "timestamp": "today", "payload": {}}', "INVALID_MESSAGE", "timestamp"),
    ('{"type": "heartbeat"}', "INVALID_PAYLOAD", "payload"),
    ('{"type": "heartbeat", "payload": {}}', "INVALID_PAYLOAD", "robot_id: is required"),
    ('{"type": "job_progress", "payload": {"progress": 1}}', "INVALID_PAYLOAD", "job_id: is required"),
    ('{"type": "job_progress", "payload": {"job_id": "x", "progress": 101}}', "INVALID_PAYLOAD", "progress"),
    ('{"type": "job_failed", "payload": {"job_id": "x"}}', "INVALID_PAYLOAD", "error_message"),
    ('{"type": "log_entry", "payload": {"job_id": "x", "message": "m", "level": "loud"}}', "INVALID_PAYLOAD", "level"),
    ('{"type": "job_accept", "payload": {"job_id": "no-such-job"}}', "NOT_FOUND", "does not hold"),
    ('{"type": "heartbeat", "payload": {"robot_id": "another-robot"}}', "FORBIDDEN", "itself"),
]


@pytest.mark.parametrize(("frame", "code", "words"), BAD_FRAMES, ids=[str(frame)[:60] for frame, _, _ in BAD_FRAMES])
async def test_a_bad_message_is_answered_and_the_socket_stays_open(
    fleet: Fleet, frame: str | bytes, code: str, words: str
) -> None:
    speaker = await fleet.registered()
    error = await raw(speaker, frame)
    assert error["payload"]["error_code"] == code
    assert words in error["payload"]["error_message"]
    assert await lives(speaker)


async def test_an_error_names_the_message_that_it_answers(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    error = await raw(speaker, '{"type": "heartbeat", "id": "the-id", "payload": {}}')
    assert error["correlation_id"] == "the-id"
    assert error["payload"]["details"] == {"field": "robot_id"}


async def test_a_message_of_more_than_a_megabyte_closes_the_socket(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    error = await raw(speaker, json.dumps({"type": "log_entry", "payload": {"message": "x" * 2**20}}))
    assert error["payload"]["error_code"] == "INVALID_MESSAGE"
    assert await speaker.closed() == 1009


async def test_a_message_before_the_registration_is_refused(fleet: Fleet) -> None:
    speaker = fleet.speaker()
    error = await speaker.answer("heartbeat", {"status": "online"})
    assert error is not None
    assert error["payload"]["error_code"] == "INVALID_MESSAGE"
    await speaker.register()
    assert await lives(speaker)


async def test_a_failure_with_text_that_cannot_be_stored_is_told_all_the_same(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    job_id = fleet.submit(max_attempts=1)
    await speaker.accept(await speaker.assigned())
    said = {"job_id": job_id, "error_message": "a\0b" + "x" * 70_000, "error_type": "E" * 300}
    assert await speaker.answer("job_failed", said) is None
    job = fleet.job(job_id)
    assert (job["status"], len(job["error_message"]), len(job["error_type"])) == ("failed", 65536, 255)


async def test_chatter_is_limited_and_outcomes_are_not(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    job_id = fleet.submit()
    await speaker.accept(await speaker.assigned())
    for number in range(MESSAGES):
        assert await speaker.answer("job_progress", {"job_id": job_id, "progress": number % 100}) is None
    for kind, said in (
        ("job_progress", {"job_id": job_id, "progress": 1}),
        ("log_entry", {"job_id": job_id, "message": "m"}),
        ("heartbeat", {"status": "online"}),
        ("status_response", {"status": "online"}),
    ):
        error = await speaker.answer(kind, said)
        assert error is not None
        assert error["payload"]["error_code"] == "RATE_LIMITED"
        assert 0 < error["payload"]["details"]["retry_after"] <= 60
    assert await speaker.answer("job_complete", {"job_id": job_id, "result": {"n": 1}}) is None
    assert fleet.job(job_id)["status"] == "completed"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("job_accept", {"job_id": str(uuid.UUID(int=7))}),
        ("job_complete", {"job_id": "no-id"}),
        ("error", {"error_code": "BROKEN"}),
        ("register", {"robot_name": "again"}),
    ],
)
async def test_what_is_about_no_job_of_the_robot_is_chatter(fleet: Fleet, kind: str, said: dict[str, Any]) -> None:
    """Each such message costs a look at the database, or a line in a log of the service."""
    speaker = await fleet.registered()
    for _ in range(MESSAGES - 1):
        await speaker.say("heartbeat", {"status": "online", "robot_id": speaker.robot.external_id})
    answer = await speaker.answer(kind, said)
    assert answer is None or answer["payload"].get("error_code") != "RATE_LIMITED"
    answer = await speaker.answer(kind, said)
    assert answer is not None
    assert answer["payload"]["error_code"] == "RATE_LIMITED"


@pytest.mark.parametrize("is_of_the_tenant", [True, False])
async def test_no_id_reaches_another_robot_s_job(fleet: Fleet, is_of_the_tenant: bool) -> None:
    """Whatever the field: it is as if there were no such job."""
    elsewhere = fleet if is_of_the_tenant else new_fleet(fleet.database, fleet.board)
    other = await elsewhere.registered()
    job_id = elsewhere.submit()
    await other.accept(await other.assigned())
    before, lease = fleet.job(job_id), fleet.lease(job_id)
    assert lease is not None
    speaker = await fleet.registered(active_job_ids=[job_id])
    line = {"message": "m", "level": "info"}
    for kind, said in (
        ("job_accept", {}),
        ("job_reject", {"reason": "no"}),
        ("job_progress", {"progress": 99}),
        ("job_complete", {"result": {}}),
        ("job_failed", {"error_message": "e"}),
        ("job_cancelled", {}),
        ("log_entry", line),
        ("log_batch", {"entries": [line], "sequence": 1}),
    ):
        error = await speaker.answer(kind, {"job_id": job_id, **said})
        assert error is not None, kind
        assert error["payload"]["error_code"] == "NOT_FOUND", kind
    error = await speaker.answer("log_batch", {"entries": [{**line, "job_id": job_id}], "sequence": 2})
    assert error is not None
    assert error["payload"]["error_code"] == "NOT_FOUND"
    for kind in ("heartbeat", "status_response"):
        await speaker.say(kind, {"status": "busy", "active_job_ids": [job_id]})
    assert fleet.job(job_id) == before
    after = fleet.lease(job_id)
    assert after is not None
    assert after["lease_expires_at"] == lease["lease_expires_at"]
    assert fleet.rows("select from public.job_logs where job_id = %s", job_id) == []
    if not is_of_the_tenant:
        await other.drop()


async def test_no_message_speaks_for_another_robot(fleet: Fleet) -> None:
    speaker, other = await fleet.registered(), make_robot(fleet.database, fleet.tenant)
    for kind, shape in FROM_ROBOTS.items():
        if kind != "register":
            said = {
                "job_id": "x",
                "progress": 1,
                "error_message": "e",
                "error_code": "E",
                "message": "m",
                "entries": [],
            }
            assert shape.model_validate({**said, "robot_id": other.external_id})
            error = await speaker.answer(kind, {**said, "robot_id": other.external_id})
            assert error is not None, kind
            assert error["payload"]["error_code"] == "FORBIDDEN", kind
    assert (await speaker.answer("register", {"robot_id": other.external_id, "robot_name": "x"})) is not None
    assert await speaker.closed() == 4003


async def test_an_acceptance_that_comes_too_late_stops_the_job(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    job_id = fleet.submit()
    assigned = await speaker.assigned()
    fleet.end_lease(job_id)
    error = await speaker.answer("job_accept", {"job_id": job_id}, correlation_id=assigned["id"])
    assert error is not None
    assert error["payload"]["details"]["reason"] == "LEASE_LOST"
    assert (await speaker.hear("job_cancel"))["payload"]["job_id"] == job_id
    assert fleet.job(job_id)["status"] == "queued"


async def test_measures_that_change_their_names_do_not_pile_up(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    for number in range(6):
        ack = await speaker.answer("heartbeat", {"status": "online", f"of-{number}": "x" * 12_000})
        assert ack is not None
        assert ack["type"] == "heartbeat_ack", ack
    await speaker.say("heartbeat", {"status": "online"})
    kept = fleet.robot(speaker.robot)["metrics"]
    assert "of-5" in kept
    assert "of-0" not in kept


async def test_a_robot_that_cannot_register_while_the_database_is_away_may_come_again(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """4001 would send it away for good."""
    monkeypatch.setattr(session, "REGISTER_SECONDS", 0.05)
    monkeypatch.setattr(session, "ENROL_SECONDS", 0.0)
    speaker = fleet.speaker()

    @asynccontextmanager
    async def away() -> AsyncIterator[Any]:
        await asyncio.sleep(0.1)
        raise Unavailable("DATABASE_UNAVAILABLE", "The database does not answer.")
        yield

    monkeypatch.setattr(speaker.session._connection, "transaction", away)
    error = await speaker.answer("register", {"robot_name": "x"})
    assert error is not None
    assert (error["type"], error["payload"]["error_code"]) == ("error", "HANDLER_ERROR")
    assert await speaker.closed() == 4503


async def test_a_session_whose_parts_fail_is_closed_so_that_the_robot_comes_again(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    speaker.session._keeper.on_push("cancel_job", {"job_id": "no-id"})
    assert await speaker.closed() == 1011


@pytest.mark.parametrize("name", ["token", "auth_token"])
async def test_the_key_may_be_in_the_registration(fleet: Fleet, name: str) -> None:
    speaker = fleet.anonymous()
    ack = await speaker.register(**{name: speaker.robot.key.text})
    assert ack["payload"]["success"] is True
    assert await lives(speaker)


@pytest.mark.parametrize("credential", [{}, {"token": "wrong"}, {"auth_token": new_api_key("robot").key}])
async def test_a_bad_key_in_the_registration_is_final(fleet: Fleet, credential: dict[str, str]) -> None:
    speaker = fleet.anonymous()
    ack = await speaker.register(**credential)
    assert ack["payload"]["success"] is False
    assert await speaker.closed() == 4001


async def test_a_bad_key_of_the_connection_closes_it(fleet: Fleet) -> None:
    speaker = fleet.speaker(actor=key_of(new_api_key("robot").key))
    await speaker.session.enter()
    assert (await speaker.hear("error"))["payload"]["error_code"] == "AUTHENTICATION_FAILED"
    assert await speaker.closed() == 4001


async def test_the_key_of_another_robot_is_refused(fleet: Fleet) -> None:
    robot, other = make_robot(fleet.database, fleet.tenant), make_robot(fleet.database, fleet.tenant)
    at_path = fleet.speaker(robot, actor=key_of(other.key.text), path=robot.external_id)
    await at_path.session.enter()
    assert await at_path.closed() == 4003
    in_payload = fleet.speaker(robot, actor=key_of(other.key.text))
    assert (await in_payload.register())["payload"]["success"] is False
    assert await in_payload.closed() == 4003


async def test_a_robot_of_another_tenant_is_refused_like_one_that_is_not_there(fleet: Fleet) -> None:
    foreign = make_robot(fleet.database, make_tenant(fleet.database))
    own = make_robot(fleet.database, fleet.tenant)
    said = []
    for path in (foreign.external_id, "robot-of-nobody"):
        speaker = fleet.speaker(own, path=path)
        await speaker.session.enter()
        assert await speaker.closed() == 4003
        said.append((await speaker.hear("error"))["payload"])
    assert said[0] == said[1]


async def test_the_path_and_the_registration_must_name_one_robot(fleet: Fleet) -> None:
    key = make_key(fleet.database, fleet.tenant)  # of no robot yet
    robot = make_robot(fleet.database, fleet.tenant)
    speaker = fleet.speaker(robot, actor=key_of(key.text), path="robot-new-1")
    await speaker.session.enter()
    ack = await speaker.answer("register", {"robot_id": "robot-new-2", "robot_name": "New"})
    assert ack is not None
    assert ack["payload"]["success"] is False
    assert await speaker.closed() == 4003
    assert fleet.rows("select from public.robots where external_id = 'robot-new-2'") == []


async def test_a_program_that_is_no_robot_is_refused(fleet: Fleet) -> None:
    service = make_key(fleet.database, fleet.tenant, "service", scopes=["robots.write"])
    speaker = fleet.speaker(actor=key_of(service.text))
    await speaker.session.enter()
    assert await speaker.closed() == 4003


async def test_a_new_key_makes_its_robot(fleet: Fleet) -> None:
    key = make_key(fleet.database, fleet.tenant)
    speaker = fleet.speaker(make_robot(fleet.database, fleet.tenant), actor=key_of(key.text), path="robot-new-3")
    await speaker.session.enter()
    ack = await speaker.answer("register", {"robot_id": "robot-new-3", "robot_name": "New"})
    assert ack is not None
    assert ack["payload"]["success"] is True
    [robot] = fleet.rows("select robot_id from public.robots where external_id = 'robot-new-3'")
    assert robot["robot_id"]


async def test_a_robot_may_call_itself_by_its_uuid(fleet: Fleet) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    speaker = fleet.speaker(robot)
    ack = await speaker.answer("register", {"robot_id": str(robot.robot_id), "robot_name": "By its id"})
    assert ack is not None
    assert ack["payload"]["robot_id"] == str(robot.robot_id)
    assert fleet.robot(robot)["external_id"] == robot.external_id
    assert await lives(speaker)


async def test_a_registration_that_breaks_a_rule_can_be_repeated(fleet: Fleet) -> None:
    speaker = fleet.speaker()
    error = await speaker.answer("register", {"robot_name": "x", "environment": "*"})
    assert error is not None
    assert (error["type"], error["payload"]["error_code"]) == ("error", "INVALID_PAYLOAD")
    assert (await speaker.register())["payload"]["success"] is True


async def test_a_passing_fault_is_an_error_and_no_final_refusal(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ENROL_SECONDS", 0.0)
    speaker = fleet.speaker()
    role = f"alter role casare_functions in database {fleet.database.name}"
    with fleet.database.connect("supabase_admin") as owner:
        owner.execute(f"{role} set lock_timeout = '100ms'")
        with owner.transaction():
            owner.execute("lock table public.robot_heartbeats in access exclusive mode")
            error = await speaker.answer("register", {"robot_name": "x"})
        owner.execute(f"{role} reset lock_timeout")
    assert error is not None
    assert (error["type"], error["payload"]["error_code"]) == ("error", "HANDLER_ERROR")
    assert speaker.wire.closed is None
    assert (await speaker.register())["payload"]["success"] is True


async def test_a_registration_waits_for_a_database_that_is_busy(fleet: Fleet) -> None:
    speaker = fleet.speaker()
    role = f"alter role casare_functions in database {fleet.database.name}"
    with fleet.database.connect("supabase_admin") as owner:
        owner.execute(f"{role} set lock_timeout = '50ms'")
        with owner.transaction():
            owner.execute("lock table public.robot_heartbeats in access exclusive mode")
            told = asyncio.create_task(speaker.register())
            await asyncio.sleep(0.2)
            assert speaker.wire.heard == []
        owner.execute(f"{role} reset lock_timeout")
        assert (await told)["payload"]["success"] is True


async def test_a_revoked_key_closes_the_socket(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    fleet.as_admin("select public.revoke_api_key(%s)", speaker.robot.key.api_key_id)
    error = await speaker.answer("heartbeat", {"status": "online"})
    assert error is not None
    assert error["payload"]["error_code"] == "AUTHENTICATION_FAILED"
    assert await speaker.closed() == 4001


async def test_a_socket_ends_with_the_token_that_opened_it(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    robot = make_robot(fleet.database, fleet.tenant)
    claims = {**robot.claims, "exp": time.time() + 3600}
    speaker = fleet.speaker(robot, actor=Actor("authenticated", claims=json.dumps(claims)))
    assert (await speaker.register())["payload"]["success"] is True
    assert await lives(speaker)
    monkeypatch.setattr("casare_cloud.gateway.robots.connection.time.time", lambda: claims["exp"])
    error = await speaker.answer("heartbeat", {"status": "online"})
    assert error is not None
    assert error["payload"]["error_code"] == "AUTHENTICATION_FAILED"
    assert await speaker.closed() == 4001
