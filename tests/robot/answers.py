"""Answers of a service that is well, for tests of what a client sends."""

from typing import Any

# One answer that has every field which a robot looks for, whatever it asked.
OF_THE_SERVICE: dict[str, Any] = {
    "job_id": "0192-job", "robot_id": "robot-1", "outcome": "applied", "started_at": "2026-11-21T08:00:00Z",
    "renewed": True, "cancel_requested": False, "heartbeat_interval": 30, "heartbeat_seconds": 30,
    "accepted": 1, "jobs": [], "leases": [],
}  # fmt: skip

# What functions of the Data API answer that do not answer with an object.
OF_FUNCTIONS: dict[str, Any] = {"claim_jobs": [], "renew_leases": [], "append_job_logs": 1}
