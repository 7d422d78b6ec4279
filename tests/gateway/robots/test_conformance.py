"""Each message type of document 001, in both directions, with the JSON that it shows."""

import json
from typing import Any

import pytest
from tests.gateway.robots.wires import Fleet, Speaker

from casare_cloud.gateway.robots import assigning, messages

FROM_ROBOT = {
    "register",
    "heartbeat",
    "disconnect",
    "job_accept",
    "job_reject",
    "job_progress",
    "job_complete",
    "job_failed",
    "job_cancelled",
    "status_response",
    "log_entry",
    "log_batch",
    "error",
}
TO_ROBOT = {
    "register_ack",
    "heartbeat_ack",
    "job_assign",
    "job_cancel",
    "status_request",
    "pause",
    "resume",
    "shutdown",
    "error",
}


def is_envelope(message: dict[str, Any], kind: str, *payload: str) -> bool:
    assert set(message) == {"type", "id", "timestamp", "payload", "correlation_id"}
    assert message["type"] == kind
    assert message["timestamp"].endswith("Z")
    assert set(message["payload"]) == set(payload), message
    return True


async def running(fleet: Fleet, **options: Any) -> tuple[Speaker, str]:
    """A robot that runs a job."""
    speaker = await fleet.registered(**options)
    job_id = fleet.submit()
    assert await speaker.accept(await speaker.assigned()) == job_id
    return speaker, job_id


def test_all_21_types_are_there_and_no_other() -> None:
    assert set(messages.FROM_ROBOTS) == FROM_ROBOT
    assert set(messages.TO_ROBOTS) == TO_ROBOT
    assert len(FROM_ROBOT | TO_ROBOT) == 21


async def test_register_and_its_acknowledgement(fleet: Fleet) -> None:
    speaker = fleet.speaker()
    ack = await speaker.register(
        robot_name="Production Robot 1",
        environment="production",
        max_concurrent_jobs=3,
        tags=["browser", "desktop"],
        capabilities={"playwright": True, "uiautomation": True, "office": False},
    )
    assert is_envelope(ack, "register_ack", "robot_id", "success", "message", "config")
    assert ack["payload"]["robot_id"] == speaker.robot.external_id
    assert ack["payload"]["success"] is True
    assert ack["payload"]["config"] == {"heartbeat_interval": 30, "log_batch_size": 100}
    robot = fleet.robot(speaker.robot)
    assert (robot["name"], robot["environment"], robot["max_concurrent_jobs"]) == (
        "Production Robot 1",
        "production",
        3,
    )
    assert robot["tags"] == ["browser", "desktop"]
    assert robot["capabilities"] == ["playwright", "uiautomation"]
    assert robot["attributes"] == {"playwright": True, "uiautomation": True, "office": False}
    assert robot["is_online"] is True


async def test_capabilities_that_are_no_booleans_are_kept(fleet: Fleet) -> None:
    capabilities = {"platform": "Windows-11", "cpu_count": 8, "browser": True, "extensions": ["pdf"]}
    speaker = await fleet.registered(capabilities=capabilities)
    robot = fleet.robot(speaker.robot)
    assert (robot["capabilities"], robot["attributes"]) == (["browser"], capabilities)


async def test_heartbeat_and_its_acknowledgement(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    ack = await speaker.answer(
        "heartbeat",
        {
            "status": "online",
            "current_jobs": 2,
            "cpu_percent": 45.2,
            "memory_percent": 68.5,
            "disk_percent": 35.0,
            "active_job_ids": ["job-1-uuid", "job-2-uuid"],
        },
    )
    assert ack is not None
    assert is_envelope(ack, "heartbeat_ack", "robot_id")
    assert ack["payload"] == {"robot_id": speaker.robot.external_id}
    metrics = fleet.robot(speaker.robot)["metrics"]
    assert metrics.items() >= {"cpu_percent": 45.2, "memory_percent": 68.5, "disk_percent": 35.0}.items()
    (heard,) = fleet.rows("select measured from public.robot_heartbeats where robot_id = %s", speaker.robot.robot_id)
    assert heard["measured"] == pytest.approx([1, 45.2, 45.2, 1, 68.5, 68.5, 0, 0, 0, 1, 35, 35])


async def test_disconnect(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    assert await speaker.answer("disconnect", {"reason": "Scheduled maintenance"}) is None
    assert await speaker.closed() == 1000
    assert fleet.robot(speaker.robot)["is_online"] is False


async def test_job_assign(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    definition = {"nodes": [{"id": "a", "type": "StartNode"}], "connections": []}
    job_id = fleet.submit(definition, priority=5, timeout_seconds=3600, input={"customer_id": "CUST-001", "none": None})
    assigned = await speaker.assigned()
    fields = ("job_id", "workflow_id", "workflow_name", "workflow_json", "priority", "timeout_seconds", "parameters")
    assert is_envelope(assigned, "job_assign", *fields)
    payload, job = assigned["payload"], fleet.job(job_id)
    assert (payload["job_id"], payload["workflow_id"]) == (job_id, str(job["workflow_id"]))
    assert payload["workflow_name"] == job["workflow_name"]
    assert json.loads(payload["workflow_json"]) == definition
    assert (payload["priority"], payload["timeout_seconds"]) == (2, 3600)
    assert payload["parameters"] == {"customer_id": "CUST-001", "none": None}


@pytest.mark.parametrize(
    ("stored", "told"), [(0, 3), (2, 3), (3, 2), (7, 2), (8, 1), (10, 1), (12, 1), (13, 0), (20, 0)]
)
def test_priorities_are_told_as_3_to_0(stored: int, told: int) -> None:
    assert messages.told_priority(stored) == told


async def test_job_accept(fleet: Fleet) -> None:
    _, job_id = await running(fleet)
    assert fleet.job(job_id)["status"] == "running"
    lease = fleet.lease(job_id)
    assert lease is not None
    assert lease["seconds"] > 60


async def test_job_reject(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assigning, "REST_SECONDS", (600.0,))  # it is not offered again while this looks
    speaker = await fleet.registered()
    job_id = fleet.submit()
    assigned = await speaker.assigned()
    rejection = {"job_id": job_id, "reason": "At maximum capacity"}
    assert await speaker.answer("job_reject", rejection, correlation_id=assigned["id"]) is None
    assert fleet.job(job_id)["status"] == "queued"
    events = "select data ->> 'message' as message from private.event_inbox where job_id = %s"
    assert "Rejected by the robot: At maximum capacity" in [row["message"] for row in fleet.rows(events, job_id)]


async def test_job_progress(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    said = {
        "job_id": job_id,
        "progress": 45,
        "current_node": "extract_data_node",
        "message": "Extracting customer records...",
    }
    assert await speaker.answer("job_progress", said) is None
    job = fleet.job(job_id)
    assert (job["progress"], job["current_node"]) == (45, "extract_data_node")
    assert job["progress_message"] == "Extracting customer records..."


async def test_job_complete(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    result = {"records_processed": 1500, "output_file": "/output/customers_2024-01.csv"}
    assert await speaker.answer("job_complete", {"job_id": job_id, "result": result, "duration_ms": 900000}) is None
    job = fleet.job(job_id)
    assert (job["status"], job["result"]) == ("completed", result)


async def test_job_failed(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    job_id = fleet.submit(max_attempts=1)
    await speaker.accept(await speaker.assigned())
    said = {
        "job_id": job_id,
        "error_message": "Element not found: #submit-button",
        "error_type": "ElementNotFoundError",
        "stack_trace": "...",
        "failed_node": "click_submit_node",
    }
    assert await speaker.answer("job_failed", said) is None
    job = fleet.job(job_id)
    assert (job["status"], job["error_type"]) == ("failed", "ElementNotFoundError")
    assert job["error_message"] == "Element not found: #submit-button"
    assert job["error_details"] == {"stack_trace": "...", "failed_node": "click_submit_node"}


async def test_job_cancel_and_job_cancelled(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    fleet.as_admin("select public.cancel_job(%s, 'Cancelled by user')", job_id)
    cancel = await speaker.hear("job_cancel")
    assert is_envelope(cancel, "job_cancel", "job_id", "reason")
    assert cancel["payload"] == {"job_id": job_id, "reason": "Cancelled by user"}
    assert await speaker.answer("job_cancelled", {"job_id": job_id}, correlation_id=cancel["id"]) is None
    assert fleet.job(job_id)["status"] == "cancelled"


async def test_status_request_and_its_response(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    command = "select public.command_robot(%s, 'status_request') ->> 'command_id'"
    command_id = fleet.as_admin(command, speaker.robot.external_id)
    request = await speaker.hear("status_request")
    assert is_envelope(request, "status_request", "robot_id")
    said = {
        "status": "online",
        "current_jobs": 2,
        "active_job_ids": ["job-1", "job-2"],
        "uptime_seconds": 86400,
        "system_info": {"os": "Windows 11", "python_version": "3.12.0", "playwright_version": "1.40.0"},
    }
    assert await speaker.answer("status_response", said, correlation_id=request["id"]) is None
    robot = fleet.robot(speaker.robot)
    assert robot["metrics"]["system_info"]["os"] == "Windows 11"
    assert robot["last_command"]["command_id"] == command_id
    assert robot["last_command"]["acknowledged_at"] is not None


async def test_log_entry(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    said = {
        "job_id": job_id,
        "level": "INFO",
        "message": "Successfully clicked element",
        "node_id": "click_button_node",
        "extra": {"selector": "#submit-btn", "element_text": "Submit"},
    }
    assert await speaker.answer("log_entry", said) is None
    [line] = fleet.rows("select * from public.job_logs where job_id = %s", job_id)
    assert (line["level"], line["message"]) == ("info", "Successfully clicked element")
    assert (line["node_id"], line["extra"]["selector"]) == ("click_button_node", "#submit-btn")


async def test_log_batch(fleet: Fleet) -> None:
    speaker, job_id = await running(fleet)
    lines = [
        {"level": "INFO", "message": "Starting", "node_id": "node-1", "timestamp": "2024-01-15T10:34:58Z"},
        {"level": "DEBUG", "message": "Located", "node_id": "node-1", "timestamp": "2024-01-15T10:34:59Z"},
    ]
    assert await speaker.answer("log_batch", {"job_id": job_id, "entries": lines}) is None
    stored = fleet.rows("select * from public.job_logs where job_id = %s order by job_log_id", job_id)
    assert [(line["level"], line["message"]) for line in stored] == [("info", "Starting"), ("debug", "Located")]
    assert stored[0]["logged_at"].second == 58


@pytest.mark.parametrize("command", ["pause", "resume"])
async def test_pause_and_resume(fleet: Fleet, command: str) -> None:
    speaker = await fleet.registered()
    fleet.as_admin("select public.command_robot(%s, %s)", speaker.robot.external_id, command)
    order = await speaker.hear(command)
    assert is_envelope(order, command, "robot_id")
    assert order["payload"]["robot_id"] == speaker.robot.external_id
    assert fleet.robot(speaker.robot)["last_command"]["acknowledged_at"] is None
    await speaker.say("heartbeat", {"status": "online"})
    assert fleet.robot(speaker.robot)["last_command"]["acknowledged_at"] is not None


async def test_shutdown(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    fleet.as_admin("select public.command_robot(%s, 'shutdown')", speaker.robot.external_id)
    order = await speaker.hear("shutdown")
    assert is_envelope(order, "shutdown", "robot_id", "graceful")
    assert order["payload"] == {"robot_id": speaker.robot.external_id, "graceful": True}
    await speaker.say("disconnect", {"reason": "shutdown"})
    assert fleet.robot(speaker.robot)["last_command"]["acknowledged_at"] is not None


async def test_error_to_the_robot(fleet: Fleet) -> None:
    speaker = await fleet.registered()
    error = await speaker.answer("unknown_type")
    assert error is not None
    assert is_envelope(error, "error", "error_code", "error_message", "details")
    assert error["payload"] == {
        "error_code": "INVALID_MESSAGE",
        "error_message": "Unknown message type: unknown_type",
        "details": {"received_type": "unknown_type"},
    }


async def test_an_error_of_the_robot_about_a_job_that_it_was_assigned_rejects_it(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assigning, "REST_SECONDS", (600.0,))
    speaker = await fleet.registered()
    job_id = fleet.submit()
    assigned = await speaker.assigned()
    report = {"error_code": "HANDLER_ERROR", "error_message": "Cannot read the workflow", "details": {}}
    assert await speaker.answer("error", report, correlation_id=assigned["id"]) is None
    assert fleet.job(job_id)["status"] == "queued"
