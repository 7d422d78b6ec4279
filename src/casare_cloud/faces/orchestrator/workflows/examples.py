"""An example of each shape of the workflow endpoints, as OpenAPI shows it."""

from casare_cloud.faces.kit.examples import Example
from casare_cloud.faces.orchestrator.examples import GRAPH, JOB_ID, NOW, PAGE, USER_ID, WORKFLOW_ID

SUBMIT: Example = {
    "workflow_name": "My Workflow",
    "workflow_json": GRAPH,
    "trigger_type": "manual",
    "execution_mode": "lan",
    "priority": 10,
    "metadata": {"description": "Example workflow"},
}
SUBMITTED: Example = {
    "workflow_id": WORKFLOW_ID,
    "job_id": JOB_ID,
    "schedule_id": None,
    "status": "success",
    "message": "Workflow submitted and queued for lan execution",
    "created_at": NOW,
    "trigger_id": None,
    "webhook_url": None,
    "secret": None,
    "backup": {"stored": True, "reason": None},
    "warnings": [],
}
WORKFLOW_SUMMARY: Example = {
    "workflow_id": WORKFLOW_ID,
    "workflow_name": "My Workflow",
    "version": 1,
    "description": "Example workflow",
    "status": "published",
    "is_enabled": True,
    "node_count": 2,
    "metadata": {"description": "Example workflow"},
    "created_by": USER_ID,
    "created_at": NOW,
    "updated_at": NOW,
}
WORKFLOW: Example = {**WORKFLOW_SUMMARY, "workflow_json": GRAPH}
WORKFLOWS: Example = {"workflows": [WORKFLOW_SUMMARY], **PAGE}
VERSION_SUMMARY: Example = {
    "version": 3,
    "is_current": True,
    "node_count": 2,
    "definition_bytes": 180,
    "created_by": USER_ID,
    "created_at": NOW,
}
VERSION: Example = {**VERSION_SUMMARY, "workflow_json": GRAPH}
VERSIONS: Example = {"versions": [VERSION_SUMMARY], **PAGE}
WORKFLOW_DELETED: Example = {
    "status": "success",
    "message": f"Workflow deleted: {WORKFLOW_ID}",
    "deleted_from": {"database": True, "filesystem": False},
    "cancelled_jobs": 3,
    "cancelling_jobs": 0,
    "disabled_triggers": 0,
}
