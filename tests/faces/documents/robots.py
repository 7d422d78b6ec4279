"""Robots: register, look, change, report, remove."""

from tests.faces.documents.example import ERROR, Example

ROBOT = {
    "robot_id": "robot-prod-001",
    "name": "Production Robot 1",
    "hostname": "robot-server-01.example.com",
    "status": "idle",
    "environment": "production",
    "max_concurrent_jobs": 3,
    "capabilities": ["browser", "desktop", "high_memory"],
    "tags": ["invoice-processing", "high-priority"],
    "current_job_ids": [],
    "last_seen": "2025-01-15T10:30:00Z",
    "last_heartbeat": "2025-01-15T10:30:00Z",
    "created_at": "2025-01-15T10:30:00Z",
    "metrics": {},
}

WORKING = {
    **ROBOT,
    "status": "busy",
    "current_job_ids": ["job-12345"],
    "metrics": {"cpu_percent": 45.2, "memory_mb": 1024},
}

ROBOTS: list[Example] = [
    Example(
        "002",
        "POST /robots/register",
        "robot",
        ROBOT,
        body={
            "robot_id": "robot-prod-001",
            "name": "Production Robot 1",
            "hostname": "robot-server-01.example.com",
            "capabilities": ["browser", "desktop", "high_memory"],
            "environment": "production",
            "max_concurrent_jobs": 3,
            "tags": ["invoice-processing", "high-priority"],
        },
        given="unbound robot key",
    ),
    Example("002", "GET /robots", "user", {"robots": [ROBOT], "total": 1}, given="registered robot"),
    Example("002", "GET /robots", "user", {"robots": [WORKING], "total": 1}, given="measured job"),
    Example(
        "002",
        "GET /robots",
        "user",
        {"robots": [ROBOT], "total": 1},
        query={"status": "idle", "environment": "production", "limit": "100", "offset": "0"},
        given="registered robot",
    ),
    Example("003", "GET /robots", "service", {"robots": [ROBOT], "total": 1}, given="registered robot"),
    Example("002", "GET /robots/robot-prod-001", "user", ROBOT, given="registered robot"),
    Example("002", "GET /robots/robot-prod-001", "user", ERROR, 404),
    Example(
        "002",
        "PUT /robots/robot-prod-001",
        "user",
        ROBOT,
        body={
            "name": "Updated Robot Name",
            "hostname": "new-hostname.example.com",
            "capabilities": ["browser"],
            "environment": "staging",
            "max_concurrent_jobs": 2,
            "tags": ["new-tag"],
        },
        given="registered robot",
    ),
    *(
        Example(
            "002",
            "PUT /robots/robot-prod-001/status",
            "robot",
            ROBOT,
            body={"status": status},
            given="registered robot",
        )
        for status in ("idle", "busy", "offline", "error", "maintenance")
    ),
    Example(
        "002",
        "POST /robots/robot-prod-001/heartbeat",
        "robot",
        {"ok": True, "timestamp": "2025-01-15T10:30:00Z"},
        body={"cpu_percent": 45.2, "memory_mb": 1024.5, "disk_free_gb": 50.0, "active_jobs": 2},
        given="registered robot",
    ),
    Example(
        "002",
        "POST /robots/robot-prod-001/heartbeat",
        "robot",
        {"ok": True, "timestamp": "2025-01-15T10:30:00Z"},
        given="registered robot",
    ),
    Example(
        "002",
        "DELETE /robots/robot-prod-001",
        "user",
        {"deleted": True, "robot_id": "robot-prod-001"},
        given="registered robot",
    ),
]
