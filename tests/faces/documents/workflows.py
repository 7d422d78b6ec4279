"""Workflows: submit, upload, look, delete."""

from tests.faces.documents.example import ERROR, Example

SUBMITTED = {
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "job_id": "660e8400-e29b-41d4-a716-446655440001",
    "schedule_id": None,
    "status": "success",
    "message": "Workflow submitted and queued for lan execution",
    "created_at": "2025-12-01T10:30:00Z",
}

LISTED = {
    "workflow_id": "550e8400-e29b-41d4-a716-446655440000",
    "workflow_name": "My Workflow",
    "version": 1,
    "description": "Example workflow",
    "created_at": "2025-12-01T10:30:00Z",
    "updated_at": "2025-12-01T10:30:00Z",
}
STORED = {**LISTED, "workflow_json": {"nodes": [], "connections": []}}
DELETED = {"status": "success", "message": "Workflow deleted: 550e8400-e29b-41d4-a716-446655440000"}

WORKFLOWS: list[Example] = [
    Example(
        "000",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "My Workflow",
            "workflow_json": {
                "nodes": [{"id": "start", "type": "StartNode"}, {"id": "end", "type": "EndNode"}],
                "connections": [],
            },
            "trigger_type": "manual",
            "execution_mode": "lan",
            "schedule_cron": None,
            "priority": 10,
            "metadata": {"description": "Example workflow"},
        },
    ),
    Example(
        "000",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "Web Scraper",
            "workflow_json": {"nodes": [{"id": "1", "type": "StartNode"}]},
            "trigger_type": "manual",
            "priority": 5,
        },
    ),
    Example(
        "002",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "My Automation Workflow",
            "workflow_json": {"nodes": {}, "connections": [], "metadata": {}},
            "trigger_type": "manual",
            "execution_mode": "lan",
            "schedule_cron": "0 9 * * 1-5",
            "priority": 10,
            "metadata": {"description": "Optional workflow description"},
        },
    ),
    Example(
        "002",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "My Workflow",
            "workflow_json": {"nodes": {}, "connections": []},
            "trigger_type": "manual",
        },
    ),
    Example(
        "002",
        "POST /workflows",
        "user",
        SUBMITTED,
        body={
            "workflow_name": "Invoice Processing",
            "workflow_json": {"nodes": {}, "connections": []},
            "trigger_type": "manual",
            "priority": 10,
        },
    ),
    Example("000", "POST /workflows", "user", ERROR, 400, body={"workflow_name": "No definition"}),
    Example("002", "POST /workflows", "user", ERROR, 400, body={"workflow_name": "No definition"}),
    Example(
        "000",
        "POST /workflows/upload",
        "user",
        SUBMITTED,
        form={"trigger_type": "manual", "priority": "5"},
        given="file my_workflow.json",
    ),
    Example(
        "000",
        "POST /workflows/upload",
        "user",
        {**SUBMITTED, "message": "Workflow submitted and queued for internet execution"},
        form={"trigger_type": "manual", "execution_mode": "internet", "priority": "10"},
        given="file my_workflow.json",
    ),
    Example(
        "002",
        "POST /workflows/upload",
        "user",
        SUBMITTED,
        form={"trigger_type": "manual"},
        given="file my_workflow.json",
    ),
    Example(
        "002",
        "POST /workflows/upload",
        "user",
        SUBMITTED,
        query={"trigger_type": "manual", "execution_mode": "lan", "priority": "10"},
        given="file my_workflow.json",
    ),
    Example("000", "GET /workflows/{workflow_id}", "user", STORED, given="submitted workflow"),
    Example("000", "GET /workflows/550e8400-e29b-41d4-a716-446655440000", "user", ERROR, 404),
    Example(
        "002",
        "GET /workflows/{workflow_id}",
        "user",
        {**STORED, "workflow_json": {"nodes": {}, "connections": []}},
        given="submitted workflow with a map of nodes",
    ),
    Example("002", "GET /workflows/not-a-uuid", "user", ERROR, 400),
    Example("002", "GET /workflows/550e8400-e29b-41d4-a716-446655440000", "user", ERROR, 404),
    Example("003", "GET /workflows/{workflow_id}", "service", STORED, given="submitted workflow"),
    Example("000", "DELETE /workflows/{workflow_id}", "user", DELETED, given="submitted workflow"),
    Example(
        "002",
        "DELETE /workflows/{workflow_id}",
        "user",
        {**DELETED, "deleted_from": {"database": True, "filesystem": True}},
        given="submitted workflow",
    ),
    *(
        Example(
            document,
            "GET /workflows",
            caller,
            {"workflows": [LISTED], "total": 1, "limit": 1, "offset": 0},
            given="submitted workflow",
        )
        for document, caller in (("002", "user"), ("003", "service"))
    ),
    Example(
        "003",
        "POST /workflows",
        "service",
        SUBMITTED,
        body={"workflow_name": "My Workflow", "workflow_json": {"nodes": [{"id": "1", "type": "StartNode"}]}},
    ),
]
