"""Workflows, executions, agents and what runs workflows, as document 004 asks for them."""

from typing import Any

import httpx2
from tests.faces.automation.document import entry, within
from tests.faces.stage import Asker, Stage

DEFINITION: dict[str, Any] = {
    "variables": [{"name": "city", "default_value": "Izmir"}],
    "steps": [{"id": "a", "name": "A", "type": "log", "config": {"message": "hi"}, "depends_on": []}],
}
WORKFLOW = "id name description definition version is_enabled status created_by created_at updated_at"
EXECUTION = "id workflow_id agent_id trigger_type status started_at completed_at duration_ms error_message retry_count"
STEP = "id step_id name type status output error duration_ms"
AGENT = "id name status version capabilities last_heartbeat_at created_at updated_at"
SCHEDULE = "id workflow_id workflow_name name cron_expression timezone is_enabled next_run_at created_at updated_at"
TRIGGER = "id workflow_id name trigger_type config is_enabled trigger_count last_triggered_at error_message"
PAGE = "total page per_page"


def answered(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """The body of an answer that has this status."""
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def draft(stage: Stage, **fields: Any) -> str:
    """The id of a draft."""
    body = {"name": "Report", "definition": DEFINITION, **fields}
    return str(answered(await stage.admin.post("/workflows/", body), 201)["id"])


async def published(stage: Stage, **fields: Any) -> str:
    """The id of a published workflow."""
    workflow_id = await draft(stage, **fields)
    answered(await stage.admin.post(f"/workflows/{workflow_id}/publish"), 200)
    return workflow_id


async def executed(stage: Stage, workflow_id: str | None = None, **variables: Any) -> str:
    """The id of an execution that waits."""
    workflow_id = workflow_id or await draft(stage)
    answer = await stage.admin.post(f"/workflows/{workflow_id}/execute", {"variables": variables})
    return str(answered(answer, 202)["id"])


async def agent(stage: Stage, **fields: Any) -> tuple[str, Asker]:
    """(the id of a new agent, itself asking with its token)."""
    made = answered(await stage.admin.post("/agents", {"name": "Office 7", **fields}), 201)
    return made["agent"]["id"], Asker(stage.client, {"Authorization": f"Bearer {made['token']}"})


async def claimed(stage: Stage, **variables: Any) -> tuple[str, str, Asker]:
    """(an execution, the id of the agent that holds it, the agent)."""
    execution_id = await executed(stage, **variables)
    agent_id, asking = await agent(stage)
    task = answered(await asking.post("/agent-tasks/claim", {"agent_id": agent_id}), 200)["task"]
    assert task["execution_id"] == execution_id
    return execution_id, agent_id, asking


async def ended(stage: Stage, status: str = "completed", **fields: Any) -> str:
    """The id of an execution that an agent has ended."""
    execution_id, _, asking = await claimed(stage)
    answered(await asking.post(f"/agent-tasks/{execution_id}/result", {"status": status, **fields}), 200)
    return execution_id


@entry("GET /workflows", f"{PAGE} {within('workflows[]', WORKFLOW)}")
async def list_workflows(stage: Stage) -> httpx2.Response:
    await draft(stage)
    return await stage.admin.get("/workflows/", page=1, per_page=20, search="rep")


@entry("POST /workflows", WORKFLOW, status=201)
async def create_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/workflows/", {"name": "Report", "definition": DEFINITION})


@entry("GET /workflows/{}", WORKFLOW)
async def get_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/workflows/{await draft(stage)}")


@entry("PUT /workflows/{}", WORKFLOW)
async def update_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.put(f"/workflows/{await draft(stage)}", {"name": "Other"})


@entry("DELETE /workflows/{}", status=204)
async def delete_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.delete(f"/workflows/{await draft(stage)}")


@entry("POST /workflows/{}/publish", WORKFLOW)
async def publish_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/workflows/{await draft(stage)}/publish")


@entry("POST /workflows/{}/archive", WORKFLOW)
async def archive_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/workflows/{await draft(stage)}/archive")


@entry("POST /workflows/{}/execute", "id workflow_id trigger_type status", status=202)
async def execute_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/workflows/{await draft(stage)}/execute")


@entry(
    "GET /workflows/{}/history",
    f"{PAGE} {within('history[]', 'id action user_email old_values new_values created_at')}",
)
async def list_history(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/workflows/{await draft(stage)}/history", page=1, per_page=20)


@entry("POST /workflows/{}/clone", WORKFLOW, status=201)
async def clone_workflow(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/workflows/{await draft(stage)}/clone")


@entry("GET /executions", f"{PAGE} {within('executions[]', EXECUTION)}")
async def list_executions(stage: Stage) -> httpx2.Response:
    await executed(stage)
    return await stage.admin.get("/executions/", status="pending")


@entry("GET /executions/{}", f"{EXECUTION} {within('steps[]', STEP)} {within('step_results[]', STEP)}")
async def get_execution(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/executions/{await ended(stage, output={'rows': 3})}")


@entry("GET /executions/{}/logs", within("[]", "id level message context timestamp"))
async def list_logs(stage: Stage) -> httpx2.Response:
    execution_id = await executed(stage)
    stage.scalar(
        "insert into public.job_logs (tenant_id, job_id, attempt, message, logged_at)"
        " values (%s, %s, 1, 'hi', now()) returning true",
        stage.tenant.tenant_id,
        execution_id,
    )
    return await stage.admin.get(f"/executions/{execution_id}/logs")


@entry("POST /executions/{}/retry", EXECUTION, status=202)
async def retry_execution(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/executions/{await ended(stage, 'failed', error_message='down')}/retry")


@entry("POST /executions/{}/cancel", "message")
async def cancel_execution(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/executions/{await executed(stage)}/cancel")


@entry("GET /agents", f"{PAGE} online_count {within('agents[]', AGENT)}")
async def list_agents(stage: Stage) -> httpx2.Response:
    await agent(stage)
    return await stage.admin.get("/agents", status="inactive", search="office")


@entry("POST /agents", f"token message {within('agent', AGENT)}", status=201)
async def register_agent(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/agents", {"name": "Office", "version": "2.1", "capabilities": {"browser": True}})


@entry("GET /agents/stats", "total online by_status.active")
async def count_agents(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/agents/stats")


@entry("GET /agents/{}", AGENT)
async def get_agent(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/agents/{(await agent(stage))[0]}")


@entry("PUT /agents/{}", AGENT)
async def update_agent(stage: Stage) -> httpx2.Response:
    return await stage.admin.put(f"/agents/{(await agent(stage))[0]}", {"name": "Other", "version": "3"})


@entry("DELETE /agents/{}", status=204)
async def delete_agent(stage: Stage) -> httpx2.Response:
    return await stage.admin.delete(f"/agents/{(await agent(stage))[0]}")


@entry("POST /agents/{}/heartbeat", "status agent_id timestamp")
async def heartbeat(stage: Stage) -> httpx2.Response:
    agent_id, asking = await agent(stage)
    return await asking.post(f"/agents/{agent_id}/heartbeat", {"cpu": 3})


@entry("POST /agents/{}/rotate-token", "agent_id token message")
async def rotate_token(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/agents/{(await agent(stage))[0]}/rotate-token")


@entry("POST /agent-tasks/claim", within("task", "execution_id workflow_id task_type parameters assigned_at"))
async def claim_task(stage: Stage) -> httpx2.Response:
    await executed(stage)
    agent_id, asking = await agent(stage)
    return await asking.post("/agent-tasks/claim", {"agent_id": agent_id, "capabilities": {}})


@entry("POST /agent-tasks/{}/result", "execution_id status completed_at")
async def report_result(stage: Stage) -> httpx2.Response:
    execution_id, _, asking = await claimed(stage)
    return await asking.post(f"/agent-tasks/{execution_id}/result", {"status": "completed", "output": {}})


@entry("GET /agent-tasks/queue", f"{PAGE} {within('queue[]', 'execution_id workflow_id created_at trigger_type')}")
async def list_queue(stage: Stage) -> httpx2.Response:
    await executed(stage)
    return await stage.admin.get("/agent-tasks/queue")


@entry(
    "GET /agent-tasks/assigned/{}",
    f"agent_id count {within('assigned_tasks[]', 'execution_id workflow_id started_at trigger_type')}",
)
async def list_assigned(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/agent-tasks/assigned/{(await claimed(stage))[1]}")


async def schedule(stage: Stage, **fields: Any) -> str:
    """The id of a schedule."""
    body = {"workflow_id": await published(stage), "name": "Daily", "cron_expression": "0 6 * * *", **fields}
    return str(answered(await stage.admin.post("/schedules/", body), 201)["id"])


@entry("GET /schedules", f"{PAGE} pages {within('items[]', SCHEDULE)}")
async def list_schedules(stage: Stage) -> httpx2.Response:
    await schedule(stage)
    return await stage.admin.get("/schedules/", is_enabled=True)


@entry("POST /schedules", SCHEDULE, status=201)
async def create_schedule(stage: Stage) -> httpx2.Response:
    body = {"workflow_id": await published(stage), "name": "Daily", "cron_expression": "0 6 * * *", "timezone": "UTC"}
    return await stage.admin.post("/schedules/", body)


@entry("GET /schedules/{}", SCHEDULE)
async def get_schedule(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/schedules/{await schedule(stage)}")


@entry("PUT /schedules/{}", SCHEDULE)
async def update_schedule(stage: Stage) -> httpx2.Response:
    return await stage.admin.put(f"/schedules/{await schedule(stage)}", {"cron_expression": "0 7 * * *"})


@entry("DELETE /schedules/{}", status=204)
async def delete_schedule(stage: Stage) -> httpx2.Response:
    return await stage.admin.delete(f"/schedules/{await schedule(stage)}")


@entry("POST /schedules/{}/toggle", SCHEDULE)
async def toggle_schedule(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/schedules/{await schedule(stage)}/toggle")


async def trigger(stage: Stage, **fields: Any) -> dict[str, Any]:
    """A webhook, with its secret."""
    body = {"workflow_id": await published(stage), "name": "Orders", "trigger_type": "webhook", **fields}
    return answered(await stage.admin.post("/triggers/", body), 201)


@entry("GET /triggers", within("[]", TRIGGER))
async def list_triggers(stage: Stage) -> httpx2.Response:
    await trigger(stage)
    return await stage.admin.get("/triggers/")


@entry("POST /triggers", TRIGGER, status=201)
async def create_trigger(stage: Stage) -> httpx2.Response:
    body = {"workflow_id": await published(stage), "name": "By hand", "trigger_type": "manual", "config": {}}
    return await stage.admin.post("/triggers/", body)


@entry("GET /triggers/{}", TRIGGER)
async def get_trigger(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/triggers/{(await trigger(stage))['id']}")


@entry("PUT /triggers/{}", TRIGGER)
async def update_trigger(stage: Stage) -> httpx2.Response:
    return await stage.admin.put(f"/triggers/{(await trigger(stage))['id']}", {"name": "Other"})


@entry("DELETE /triggers/{}", status=204)
async def delete_trigger(stage: Stage) -> httpx2.Response:
    return await stage.admin.delete(f"/triggers/{(await trigger(stage))['id']}")


@entry("POST /triggers/{}/toggle", TRIGGER)
async def toggle_trigger(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/triggers/{(await trigger(stage))['id']}/toggle")


@entry("GET /triggers/types", within("types[]", "type name"))
async def list_trigger_types(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/triggers/types")


@entry("GET /triggers/manager/status", "initialized registered_handlers active_triggers triggers")
async def manager_status(stage: Stage) -> httpx2.Response:
    await trigger(stage)
    return await stage.admin.get("/triggers/manager/status")


@entry("POST /triggers/test", "message valid")
async def check_trigger(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/triggers/test", {"trigger_type": "webhook", "config": {}})


@entry("POST /triggers/{}/fire", "message execution_id")
async def fire_trigger(stage: Stage) -> httpx2.Response:
    return await stage.admin.post(f"/triggers/{(await trigger(stage))['id']}/fire")


@entry("POST /triggers/webhooks/{}", "accepted execution_id")
async def receive_webhook(stage: Stage) -> httpx2.Response:
    made = await trigger(stage, config={"auth": "none"})
    return await Asker(stage.client, {}).post(f"/triggers/webhooks{made['config']['path']}", {"order": 7})


BULK = "success failed errors"


@entry("POST /bulk/workflows/publish", BULK)
async def publish_many(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/bulk/workflows/publish", {"ids": [await draft(stage)]})


@entry("POST /bulk/workflows/archive", BULK)
async def archive_many(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/bulk/workflows/archive", {"ids": [await draft(stage)]})


@entry("POST /bulk/workflows/delete", BULK)
async def delete_many(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/bulk/workflows/delete", {"ids": [await draft(stage)]})


@entry("POST /bulk/executions/cancel", BULK)
async def cancel_many(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/bulk/executions/cancel", {"ids": [await executed(stage)]})


@entry("POST /bulk/executions/retry", BULK)
async def retry_many(stage: Stage) -> httpx2.Response:
    return await stage.admin.post("/bulk/executions/retry", {"ids": [await ended(stage, "failed")]})


VARIABLE = "name type default_value description required scope sensitive"


@entry("GET /workflow-variables/{}/variables", f"workflow_id step_mappings {within('variables[]', VARIABLE)}")
async def list_variables(stage: Stage) -> httpx2.Response:
    return await stage.admin.get(f"/workflow-variables/{await draft(stage)}/variables")


@entry("PUT /workflow-variables/{}/variables", f"workflow_id count {within('variables[]', VARIABLE)}")
async def set_variables(stage: Stage) -> httpx2.Response:
    path = f"/workflow-variables/{await draft(stage)}/variables"
    return await stage.admin.put(path, {"variables": [{"name": "n", "type": "number"}]})


@entry("PUT /workflow-variables/{}/variables/mappings", "workflow_id step_mappings")
async def set_mappings(stage: Stage) -> httpx2.Response:
    path = f"/workflow-variables/{await draft(stage)}/variables/mappings"
    return await stage.admin.put(path, {"mappings": [{"step_id": "a", "input_mapping": {"message": "city"}}]})


@entry("POST /workflow-variables/{}/variables/validate", "valid errors resolved")
async def validate(stage: Stage) -> httpx2.Response:
    path = f"/workflow-variables/{await draft(stage)}/variables/validate"
    return await stage.admin.post(path, {"variables": {"city": "Ankara"}})


TYPE = "task_type display_name description icon config_schema"


@entry("GET /task-types", f"count {within('task_types[]', TYPE)}")
async def list_task_types(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/task-types/")


@entry("GET /task-types/{}", TYPE)
async def get_task_type(stage: Stage) -> httpx2.Response:
    return await stage.admin.get("/task-types/http_request")
