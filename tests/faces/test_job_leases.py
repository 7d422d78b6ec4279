"""Jobs over HTTP for the robots that run them (document 002, "PUT progress"; api-decisions#claims-and-leases)."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.faces.stage import UNKNOWN_ID, Asker, Stage, refused

from casare_cloud.config import Settings
from casare_cloud.domain.jobs import leases
from casare_cloud.domain.jobs.model import ClaimOrder
from casare_cloud.faces.orchestrator.app import create_app

CLAIMED = {
    "job_id", "workflow_id", "workflow_name", "workflow_json", "input", "priority", "environment", "attempt",
    "max_attempts", "lease_token", "lease_expires_at", "timeout_seconds",
}  # fmt: skip


async def claim(robot: Asker, **body: Any) -> list[dict[str, Any]]:
    answer = await robot.post("/jobs/claim", body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["jobs"])


def lose(stage: Stage, job_id: str) -> None:
    """The lease of a job ends, and the job is ready for others."""
    with stage.database.connect("supabase_admin") as owner:
        owner.execute("update private.leases set lease_expires_at = now() - interval '1 s' where job_id = %s", [job_id])
        owner.execute("select private.rescue_expired_leases()")


async def test_a_job_lives_from_claim_to_result(stage: Stage) -> None:
    robot, asker = stage.robot()
    workflow = stage.workflow()
    job_id = await stage.job(workflow, input={"n": 1}, priority=2)
    [job] = await claim(asker)
    assert set(job) >= CLAIMED
    assert (job["job_id"], job["input"], job["workflow_json"]) == (job_id, {"n": 1}, workflow.definition)
    assert (job["attempt"], job["max_attempts"], job["priority"], job["timeout_seconds"]) == (1, 3, 2, 3600)
    assert job["lease_expires_at"].endswith("Z")

    lease = {"lease_token": job["lease_token"]}
    started = (await asker.post(f"/jobs/{job_id}/start", lease)).json()
    assert (started["job_id"], started["status"], started["cancel_requested"]) == (job_id, "running", False)
    sent = {"progress": 75, "current_node": "node-456", "message": "Processing page 3 of 4"}
    progress = (await asker.put(f"/jobs/{job_id}/progress", sent)).json()
    assert progress == {"job_id": job_id, "progress": 75, "current_node": "node-456", "cancel_requested": False}
    seen = (await stage.admin.get(f"/jobs/{job_id}")).json()
    assert (seen["status"], seen["progress"], seen["current_node"]) == ("running", 75, "node-456")
    assert (seen["message"], seen["robot_id"]) == ("Processing page 3 of 4", robot.external_id)
    assert seen["robot_uuid"] == str(robot.robot_id)
    held = (await stage.admin.get(f"/robots/{robot.external_id}")).json()
    assert (held["status"], held["current_job_ids"]) == ("busy", [job_id])

    extended = (await asker.post(f"/jobs/{job_id}/extend-lease", {**lease, "lease_seconds": 600})).json()
    assert (extended["job_id"], extended["renewed"], extended["cancel_requested"]) == (job_id, True, False)
    assert extended["lease_expires_at"] > job["lease_expires_at"]
    logs = await asker.post(f"/jobs/{job_id}/logs", {**lease, "entries": [{"message": "one"}, {"message": "two"}]})
    assert logs.json() == {"accepted": 2}
    done = await asker.post(f"/jobs/{job_id}/complete", {**lease, "result": {"rows": 3}})
    assert done.json() == {"job_id": job_id, "status": "completed", "outcome": "applied", "retry_at": None}

    seen = (await stage.admin.get(f"/jobs/{job_id}")).json()
    assert (seen["status"], seen["progress"], seen["result"]) == ("completed", 100, {"rows": 3})
    assert seen["duration_ms"] >= 0
    assert seen["completed_at"] >= seen["started_at"] >= seen["claimed_at"] >= seen["created_at"]


@pytest.mark.parametrize("result", [None, 7, "text", [1, "two", {"a": None}], {"a": 1}, False])
async def test_a_result_may_be_any_json(stage: Stage, result: Any) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    body = {"lease_token": job["lease_token"], "result": result}
    assert (await robot.post(f"/jobs/{job['job_id']}/complete", body)).status_code == 200
    assert (await stage.admin.get(f"/jobs/{job['job_id']}")).json()["result"] == result


async def test_a_claim_answers_every_job_that_it_claimed_and_no_more_than_the_slots(stage: Stage) -> None:
    _, robot = stage.robot(max_concurrent_jobs=3)
    workflow = stage.workflow()
    made = [await stage.job(workflow) for _ in range(5)]
    jobs = await claim(robot, limit=100)
    assert [job["job_id"] for job in jobs] == made[:3]
    assert len({job["lease_token"] for job in jobs}) == 3
    assert stage.scalar("select count(*) from private.leases where tenant_id = %s", stage.tenant.tenant_id) == 3
    assert await claim(robot, limit=100) == []


async def test_two_robots_that_race_never_get_the_same_job(stage: Stage) -> None:
    _, one = stage.robot(max_concurrent_jobs=100)
    _, other = stage.robot(max_concurrent_jobs=100)
    workflow = stage.workflow()
    made = {await stage.job(workflow) for _ in range(12)}
    answers = await asyncio.gather(*(claim(robot, limit=3) for _ in range(4) for robot in (one, other)))
    got = [job["job_id"] for jobs in answers for job in jobs]
    assert len(got) == len(set(got)) == 12
    assert set(got) == made


def first_try_is_over(stage: Stage) -> bool:
    """Whether a key of the tenant has been used."""
    query = "select count(*) > 0 from public.api_keys where tenant_id = %s and last_used_at is not null"
    return bool(stage.scalar(query, stage.tenant.tenant_id))


async def test_a_waiting_claim_gets_the_job_that_is_queued_meanwhile(stage: Stage) -> None:
    _, robot = stage.robot()
    workflow = stage.workflow()
    loop = asyncio.get_running_loop()
    began = loop.time()
    waiting = asyncio.create_task(claim(robot, wait_seconds=20))
    async with asyncio.timeout(15):
        while not first_try_is_over(stage):
            await asyncio.sleep(0.01)
    assert not waiting.done()
    job_id = await stage.job(workflow)
    [job] = await asyncio.wait_for(waiting, 15)
    assert job["job_id"] == job_id
    assert loop.time() - began < 15


async def test_a_claim_without_waiting_answers_at_once_and_a_waiting_one_when_its_time_is_over(stage: Stage) -> None:
    _, robot = stage.robot()
    assert await claim(robot) == []
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await claim(robot, wait_seconds=0.3) == []
    assert loop.time() - began >= 0.3


async def test_a_waiting_claim_holds_no_transaction_and_ends_when_nobody_waits_for_it() -> None:
    open_transactions, tries = 0, 0

    class NoJobs:
        async def fetch_all(self, *_: object) -> list[dict[str, Any]]:
            nonlocal tries
            tries += 1
            return []

    @asynccontextmanager
    async def transaction() -> AsyncIterator[Any]:
        nonlocal open_transactions
        open_transactions += 1
        yield NoJobs()
        open_transactions -= 1

    async def has_left() -> bool:
        return tries == 3

    waiting = asyncio.create_task(leases.claim(transaction, ClaimOrder(wait_seconds=25), has_left))
    async with asyncio.timeout(15):
        while not waiting.done():
            assert open_transactions == 0, "nothing here waits but the claim itself"
            await asyncio.sleep(0.01)
    assert (waiting.result(), tries) == ([], 3)


@pytest.mark.parametrize(("wait_seconds", "is_there_already"), [(25, False), (0, True)])
async def test_a_client_that_has_hung_up_is_given_nothing(
    stage: Stage, settings: Settings, wait_seconds: int, is_there_already: bool
) -> None:
    _, robot = stage.robot()
    app = create_app(settings)
    job_id = await stage.job() if is_there_already else ""
    body = json.dumps({"wait_seconds": wait_seconds}).encode()
    messages = iter([{"type": "http.request", "body": body}])
    headers = {"content-type": "application/json", "content-length": str(len(body)), **robot.headers}

    async def receive() -> Any:
        return next(messages, {"type": "http.disconnect"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/jobs/claim",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    async with asyncio.timeout(15):
        await app(scope, receive, send)
    job_id = job_id or await stage.job()
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["status"] == "pending"


async def test_a_claim_whose_answer_was_lost_is_asked_for_again_by_its_id(stage: Stage) -> None:
    _, robot = stage.robot(max_concurrent_jobs=3)
    workflow = stage.workflow()
    for _ in range(2):
        await stage.job(workflow)
    claim_id = str(uuid.uuid4())
    [lost] = await claim(robot, claim_id=claim_id)
    [again] = await claim(robot, claim_id=claim_id, limit=2)
    assert {**again, "lease_expires_at": ""} == {**lost, "lease_expires_at": ""}
    answer = await robot.post("/jobs/claim", {"claim_id": "mine"})
    assert refused(answer, 400, "INVALID_ARGUMENT", "claim_id")


async def test_a_claim_takes_no_idempotency_key(stage: Stage) -> None:
    _, robot = stage.robot(max_concurrent_jobs=2)
    workflow = stage.workflow()
    made = [await stage.job(workflow) for _ in range(2)]
    answers = [await robot.post("/jobs/claim", {}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [job["job_id"] for answer in answers for job in answer.json()["jobs"]] == made


async def test_a_waiting_claim_ends_when_its_key_does(stage: Stage) -> None:
    robot, asker = stage.robot()
    waiting = asyncio.create_task(asker.post("/jobs/claim", {"wait_seconds": 20}))
    answer = await stage.admin.post(f"/robot-api-keys/{robot.key.api_key_id}/revoke")
    assert answer.status_code == 200
    assert refused(await asyncio.wait_for(waiting, 15), 401, "AUTHENTICATION_FAILED")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"limit": 0}, ["limit"]),
        ({"limit": 101}, ["limit", "100"]),
        ({"limit": "1"}, ["limit"]),
        ({"lease_seconds": 4}, ["lease_seconds", "5"]),
        ({"lease_seconds": 3601}, ["lease_seconds", "3600"]),
        ({"wait_seconds": 26}, ["wait_seconds", "25"]),
        ({"wait_seconds": -1}, ["wait_seconds"]),
        ({"environment": ""}, ["environment"]),
        ({"environment": "another"}, ["environment"]),
        ({"robot": "me"}, ["robot"]),
    ],
)
async def test_a_claim_that_breaks_a_rule_is_400_and_claims_nothing(
    stage: Stage, body: dict[str, Any], named: list[str]
) -> None:
    _, robot = stage.robot()
    job_id = await stage.job()
    assert refused(await robot.post("/jobs/claim", body), 400, "INVALID_ARGUMENT", *named)
    assert (await stage.admin.get(f"/jobs/{job_id}")).json()["status"] == "pending"


async def test_what_is_no_robot_claims_and_reports_nothing(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    lease = {"lease_token": job["lease_token"]}
    for asker in (*(stage.member(role) for role in ("admin", "operator", "viewer")), stage.service("jobs.*")):
        assert refused(await asker.post("/jobs/claim", {}), 403, "FORBIDDEN")
        assert refused(await asker.post(f"/jobs/{job['job_id']}/complete", lease), 403, "FORBIDDEN")
    assert (await stage.admin.get(f"/jobs/{job['job_id']}")).json()["status"] == "claimed"


async def test_who_controls_robots_reports_progress_with_the_token_of_the_lease_only(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    path, body = f"/jobs/{job['job_id']}/progress", {"progress": 75, "lease_token": job["lease_token"]}
    for asker in (stage.member("viewer"), stage.service("jobs.*")):
        assert refused(await asker.put(path, body), 403, "FORBIDDEN", "robots.control")
    operator = stage.member("operator")
    assert refused(await operator.put(path, {"progress": 75}), 400, "INVALID_ARGUMENT", "lease_token")
    assert refused(await operator.put(path, {**body, "lease_token": job["lease_token"] + 1}), 409, "LEASE_LOST")
    assert (await stage.admin.get(f"/jobs/{job['job_id']}")).json()["progress"] == 0
    for percent, asker in ((75, operator), (80, stage.service("robots.control"))):
        answer = await asker.put(path, {**body, "progress": percent})
        assert answer.status_code == 200, answer.text
        assert answer.json()["progress"] == percent
        assert (await stage.admin.get(f"/jobs/{job['job_id']}")).json()["progress"] == percent


def reports(lease_token: int) -> dict[str, dict[str, Any]]:
    """Everything that a robot can say about a job."""
    lease = {"lease_token": lease_token}
    return {
        "start": lease,
        "extend-lease": lease,
        "release": lease,
        "logs": {**lease, "entries": [{"message": "x"}]},
        "complete": {**lease, "result": {"from": "the late one"}},
        "fail": {**lease, "error_message": "late"},
    }


async def test_a_lost_lease_is_409_changes_nothing_and_its_result_is_kept(stage: Stage) -> None:
    _, first = stage.robot()
    job = await stage.claimed(first)
    path = f"/jobs/{job['job_id']}"
    await first.post(f"{path}/start", {"lease_token": job["lease_token"]})
    lose(stage, job["job_id"])
    _, second = stage.robot()
    [again] = await claim(second)
    assert (again["job_id"], again["attempt"]) == (job["job_id"], 2)

    for verb, body in reports(job["lease_token"]).items():
        assert refused(await first.post(f"{path}/{verb}", body), 409, "LEASE_LOST"), verb
    late = {"progress": 5, "lease_token": job["lease_token"]}
    assert refused(await first.put(f"{path}/progress", late), 409, "LEASE_LOST")
    assert refused(await first.put(f"{path}/progress", {"progress": 5}), 409, "LEASE_LOST")
    kept = "select jsonb_object_agg(outcome, payload) from public.late_results where job_id = %s"
    assert stage.scalar(kept, job["job_id"]) == {
        "completed": {"result": {"from": "the late one"}},
        "failed": {"error_message": "late", "error_type": None},
    }

    done = {"lease_token": again["lease_token"], "result": {"from": "the newest"}}
    assert (await second.post(f"{path}/complete", done)).status_code == 200
    assert (await stage.admin.get(path)).json()["result"] == {"from": "the newest"}


async def test_a_late_result_that_is_repeated_with_its_key_gets_the_first_refusal(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    lose(stage, job["job_id"])
    late = {"lease_token": job["lease_token"], "result": {}}
    keyed = {"headers": {"Idempotency-Key": "late"}}
    answers = [await robot.post(f"/jobs/{job['job_id']}/complete", late, **keyed) for _ in range(2)]
    for answer in answers:
        assert refused(answer, 409, "LEASE_LOST", "evidence")
    assert ["idempotent-replayed" in answer.headers for answer in answers] == [False, True]
    assert stage.scalar("select count(*) from public.late_results where job_id = %s", job["job_id"]) == 1


async def test_another_robot_cannot_use_the_token(stage: Stage) -> None:
    _, holder = stage.robot()
    job = await stage.claimed(holder)
    _, thief = stage.robot()
    for verb, body in reports(job["lease_token"]).items():
        assert refused(await thief.post(f"/jobs/{job['job_id']}/{verb}", body), 409, "LEASE_LOST"), verb
    assert (await stage.admin.get(f"/jobs/{job['job_id']}")).json()["status"] == "claimed"


async def test_unknown_and_foreign_jobs_get_the_same_404(stage: Stage, elsewhere: Stage) -> None:
    _, robot = stage.robot()
    _, stranger = elsewhere.robot()
    job = await elsewhere.claimed(stranger)
    for verb, body in reports(job["lease_token"]).items():
        answers = [await robot.post(f"/jobs/{item}/{verb}", body) for item in (UNKNOWN_ID, job["job_id"])]
        assert all(refused(answer, 404, "JOB_NOT_FOUND") for answer in answers), verb
        assert refused(await robot.post(f"/jobs/nope/{verb}", body), 404, "JOB_NOT_FOUND")
    assert refused(await robot.put(f"/jobs/{job['job_id']}/progress", {"progress": 1}), 404, "JOB_NOT_FOUND")
    assert stage.scalar("select count(*) from public.late_results where job_id = %s", job["job_id"]) == 0


async def test_completing_twice_answers_the_same(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    body = {"lease_token": job["lease_token"], "result": 1}
    answers = [await robot.post(f"/jobs/{job['job_id']}/complete", body) for _ in range(2)]
    assert answers[0].json() == answers[1].json()


async def test_a_failure_is_tried_again_and_then_final(stage: Stage) -> None:
    _, robot = stage.robot()
    policy = {"policy": "fixed", "base_delay_seconds": 0, "jitter": 0}
    job = await stage.claimed(robot, max_attempts=2, retry_policy=policy)
    path = f"/jobs/{job['job_id']}"
    failure = {"lease_token": job["lease_token"], "error_message": "E", "error_type": "T", "failed_node": "n"}
    answer = (await robot.post(f"{path}/fail", failure)).json()
    assert (answer["status"], answer["outcome"]) == ("pending", "applied")
    assert answer["retry_at"] is not None
    [again] = await claim(robot)
    final = {**failure, "lease_token": again["lease_token"], "stack_trace": "at line 1"}
    answer = (await robot.post(f"{path}/fail", final)).json()
    assert (answer["status"], answer["retry_at"]) == ("failed", None)
    seen = (await stage.admin.get(path)).json()
    assert (seen["status"], seen["error_message"], seen["error_type"], seen["retry_count"]) == ("failed", "E", "T", 1)
    assert seen["error_details"] == {"stack_trace": "at line 1", "failed_node": "n"}
    assert (await stage.admin.post(f"{path}/retry")).status_code == 200


async def test_a_released_job_counts_no_attempt(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    answer = await robot.post(f"/jobs/{job['job_id']}/release", {"lease_token": job["lease_token"]})
    assert (answer.json()["status"], answer.json()["outcome"]) == ("pending", "applied")
    [again] = await claim(robot)
    assert (again["job_id"], again["attempt"]) == (job["job_id"], 1)


@pytest.mark.parametrize(
    ("method", "verb", "body", "named"),
    [
        ("PUT", "progress", {}, ["progress", "required"]),
        ("PUT", "progress", {"progress": 101}, ["progress", "100"]),
        ("PUT", "progress", {"progress": -1}, ["progress"]),
        ("PUT", "progress", {"progress": "75"}, ["progress"]),
        ("PUT", "progress", {"progress": 7.5}, ["progress"]),
        ("PUT", "progress", {"progress": 5, "current_node": "x" * 256}, ["current_node"]),
        ("PUT", "progress", {"progress": 5, "message": 7}, ["message"]),
        ("PUT", "progress", {"progress": 5, "percent": 5}, ["percent"]),
        ("PUT", "progress", {"progress": 5, "lease_token": "x"}, ["lease_token"]),
        ("POST", "start", {"lease_token": 0}, ["lease_token"]),
        ("POST", "start", {"lease_token": 2**63}, ["lease_token"]),
        ("POST", "start", {"lease_token": "1"}, ["lease_token"]),
        ("POST", "start", {"lease_token": 1, "x": 1}, ["x"]),
        ("POST", "fail", {"lease_token": 1}, ["error_message"]),
        ("POST", "fail", {"lease_token": 1, "error_message": ""}, ["error_message"]),
        ("POST", "fail", {"lease_token": 1, "error_message": "x", "retryable": "no"}, ["retryable"]),
        ("POST", "extend-lease", {"lease_token": 1, "lease_seconds": 4}, ["lease_seconds"]),
        ("POST", "logs", {"lease_token": 1}, ["entries"]),
        ("POST", "logs", {"lease_token": 1, "entries": [{}]}, ["entries.0.message"]),
        ("POST", "logs", {"lease_token": 1, "entries": [{"message": "x", "level": "loud"}]}, ["entries.0.level"]),
        (
            "POST",
            "logs",
            {"lease_token": 1, "entries": [{"message": "x", "timestamp": "now"}]},
            ["entries.0.timestamp"],
        ),
        ("POST", "logs", {"lease_token": 1, "entries": [{"message": ""}] * 1001}, ["entries", "1000"]),
    ],
)
async def test_a_report_that_breaks_a_rule_is_400_and_names_the_field(
    stage: Stage, method: str, verb: str, body: dict[str, Any], named: list[str]
) -> None:
    _, robot = stage.robot()
    answer = await robot.ask(method, f"/jobs/{UNKNOWN_ID}/{verb}", json=body)
    assert refused(answer, 400, "INVALID_ARGUMENT", *named)


async def test_a_batch_of_the_log_that_is_sent_again_is_stored_once_also_after_the_end(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    path = f"/jobs/{job['job_id']}/logs"
    body = {"lease_token": job["lease_token"], "entries": [{"message": "one"}], "sequence": 1}
    last = {**body, "entries": [{"message": "two"}, {"message": "three"}], "sequence": 2}
    for _ in range(2):
        assert (await robot.post(path, body)).json() == {"accepted": 1}
    done = await robot.post(f"/jobs/{job['job_id']}/complete", {"lease_token": job["lease_token"]})
    assert done.status_code == 200
    for _ in range(2):
        assert (await robot.post(path, last)).json() == {"accepted": 2}
    logged = (await stage.admin.get(path)).json()["logs"]
    assert [line["message"] for line in logged] == ["one", "two", "three"]
    assert refused(await robot.post(path, {**body, "sequence": -1}), 400, "INVALID_ARGUMENT", "sequence")


async def test_logs_are_read_in_order_by_level_and_page(stage: Stage) -> None:
    _, robot = stage.robot()
    job = await stage.claimed(robot)
    path = f"/jobs/{job['job_id']}/logs"
    entries: list[dict[str, Any]] = [{"message": f"line {n}"} for n in range(4)]
    entries += [
        {"level": "error", "message": "bad", "node_id": "n", "timestamp": "2025-12-01T10:30:00Z", "extra": {"a": [1]}}
    ]
    answer = await robot.post(path, {"lease_token": job["lease_token"], "entries": entries})
    assert answer.json() == {"accepted": 5}
    answer = (await stage.admin.get(path)).json()
    assert set(answer) == {"logs", "total", "limit", "offset"}
    assert [line["message"] for line in answer["logs"]] == [entry["message"] for entry in entries]
    last = answer["logs"][-1]
    assert {name: last[name] for name in ("level", "message", "node_id", "timestamp", "extra")} == entries[-1]
    errors = (await stage.admin.get(path, level="error")).json()
    assert (errors["total"], len(errors["logs"])) == (1, 1)
    paged = (await stage.admin.get(path, limit=2, offset=2)).json()
    assert ([line["message"] for line in paged["logs"]], paged["total"]) == (["line 2", "line 3"], 5)
    assert refused(await stage.admin.get(path, level="loud"), 400, "INVALID_ARGUMENT", "level")


async def test_a_failure_names_when_to_try_again(stage: Stage) -> None:
    _, asker = stage.robot()
    job = await stage.claimed(asker)
    failure = {"lease_token": job["lease_token"], "error_message": "busy"}
    path = f"/jobs/{job['job_id']}/fail"
    for far in ("2999-01-01T00:00:00Z", 60, "soon"):
        assert refused(await asker.post(path, {**failure, "retry_at": far}), 400, "INVALID_ARGUMENT", "retry_at")
    at = datetime.now(UTC) + timedelta(hours=1)
    answer = (await asker.post(path, {**failure, "retry_at": at.isoformat()})).json()
    assert datetime.fromisoformat(answer["retry_at"]) == at
