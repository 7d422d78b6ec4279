"""Jobs: queue, look, cancel, retry, report."""

from tests.faces.documents.example import ERROR, Example

JOBS: list[Example] = [
    Example(
        "003",
        "POST /jobs",
        "service",
        {"job_id": "uuid", "workflow_id": "uuid", "status": "pending", "created_at": "2025-12-01T10:30:00Z"},
        201,
        body={"workflow_id": "my-workflow", "input_data": {"param": "value"}},
        given="workflow called my-workflow",
    ),
    Example(
        "003",
        "GET /jobs",
        "service",
        {"jobs": [{"job_id": "uuid", "status": "pending"}], "total": 1, "limit": 1, "offset": 0},
        given="queued job",
    ),
    Example(
        "003",
        "GET /jobs/{job_id}",
        "service",
        {"job_id": "uuid", "workflow_id": "uuid", "status": "pending", "created_at": "2025-12-01T10:30:00Z"},
        given="queued job",
    ),
    Example(
        "002",
        "POST /jobs/{job_id}/cancel",
        "user",
        {
            "job_id": "job-12345",
            "cancelled": True,
            "previous_status": "running",
            "message": "Job cancelled successfully",
        },
        given="running job",
        differs="message",  # it is the robot that stops the job: "Cancellation requested"
    ),
    Example(
        "002",
        "POST /jobs/{job_id}/cancel",
        "user",
        {
            "job_id": "job-12345",
            "cancelled": False,
            "previous_status": "completed",
            "message": "Job already completed, cannot cancel",
        },
        given="completed job",
    ),
    Example("002", "POST /jobs/job-12345/cancel", "user", ERROR, 404),
    Example(
        "002",
        "POST /jobs/{job_id}/retry",
        "user",
        {"original_job_id": "job-12345", "new_job_id": "job-67890", "message": "Job queued for retry"},
        given="failed job",
    ),
    Example("002", "POST /jobs/{job_id}/retry", "user", ERROR, 400, given="running job"),
    Example("002", "POST /jobs/job-12345/retry", "user", ERROR, 404),
    *(
        Example(
            "002",
            "PUT /jobs/{job_id}/progress",
            caller,
            {"job_id": "job-12345", "progress": 75, "current_node": "node-456"},
            body={"progress": 75, "current_node": "node-456", "message": "Processing page 3 of 4"},
            given="running job",
        )
        for caller in ("robot", "robot token")
    ),
]
