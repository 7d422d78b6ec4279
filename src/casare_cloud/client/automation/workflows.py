"""Workflows: draft, change, publish, run, copy; their variables, and the types that their steps may have."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from casare_cloud.client.automation.calls import Call, Endpoint, Pages, at, delete, get, post, put
from casare_cloud.client.automation.models import (
    Act,
    BulkDone,
    ExecutionMade,
    MappingsSet,
    TaskType,
    TaskTypeList,
    ValuesChecked,
    Variables,
    VariablesSet,
    Workflow,
    WorkflowDetail,
    WorkflowHistory,
    WorkflowList,
    WorkflowSaved,
)

WorkflowStatus = Literal["draft", "published", "deprecated", "archived"]


class WorkflowCalls:
    """Workflows."""

    @Endpoint
    def list_workflows(
        self,
        *,
        page: int = 1,
        per_page: int = 20,
        search: str | None = None,
        status: WorkflowStatus | None = None,
        is_enabled: bool | None = None,
    ) -> Call[WorkflowList]:
        """Workflows, the newest first; `search` is part of a name or description."""
        return get(
            WorkflowList,
            "/workflows",
            page=page,
            per_page=per_page,
            search=search,
            status=status,
            is_enabled=is_enabled,
        )

    iterate_workflows = Pages(list_workflows, "workflows", Workflow)

    @Endpoint
    def create_workflow(
        self,
        name: str,
        definition: Mapping[str, Any] | None = None,
        description: str | None = None,
        *,
        strict: bool = True,
    ) -> Call[WorkflowSaved]:
        """Make a draft: version 1, enabled, not published. Not `strict`: what is a mistake in it is a warning."""
        body = {"name": name, "definition": definition, "description": description}
        return post(WorkflowSaved, "/workflows", body, query={"strict": strict}, is_creating=True)

    @Endpoint
    def get_workflow(self, workflow_id: str) -> Call[Workflow]:
        """A workflow with the definition of its current version."""
        return get(Workflow, at("workflows", workflow_id))

    @Endpoint
    def update_workflow(
        self,
        workflow_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        definition: Mapping[str, Any] | None = None,
        is_enabled: bool | None = None,
        version: int | None = None,
        strict: bool = True,
    ) -> Call[WorkflowSaved]:
        """Change what is given; another definition is a new version.

        `version` is the one that the change was made for: `AlreadyThere` (WORKFLOW_CHANGED) when it is not the current.
        """
        body = {
            "name": name,
            "description": description,
            "definition": definition,
            "is_enabled": is_enabled,
            "version": version,
        }
        return put(WorkflowSaved, at("workflows", workflow_id), body, query={"strict": strict})

    @Endpoint
    def delete_workflow(self, workflow_id: str) -> Call[None]:
        """Delete a workflow and its schedules, disable its triggers, cancel what waits."""
        return delete(at("workflows", workflow_id))

    @Endpoint
    def publish_workflow(self, workflow_id: str, *, strict: bool = True) -> Call[WorkflowSaved]:
        """Publish and enable a workflow: schedules and webhooks may run it."""
        return post(WorkflowSaved, at("workflows", workflow_id, "publish"), query={"strict": strict})

    @Endpoint
    def archive_workflow(self, workflow_id: str) -> Call[Workflow]:
        """Archive and disable a workflow: nothing runs it."""
        return post(Workflow, at("workflows", workflow_id, "archive"))

    @Endpoint
    def execute_workflow(
        self, workflow_id: str, variables: Mapping[str, Any] | None = None, *, strict: bool = True
    ) -> Call[ExecutionMade]:
        """Run an enabled workflow, published or a draft, and return the execution that was queued; see `wait`."""
        body = {"variables": variables}
        path = at("workflows", workflow_id, "execute")
        return post(ExecutionMade, path, body, query={"strict": strict}, is_creating=True)

    @Endpoint
    def list_workflow_history(self, workflow_id: str, *, page: int = 1, per_page: int = 20) -> Call[WorkflowHistory]:
        """Who did what to a workflow, the newest first."""
        return get(WorkflowHistory, at("workflows", workflow_id, "history"), page=page, per_page=per_page)

    iterate_workflow_history = Pages(list_workflow_history, "history", Act)

    @Endpoint
    def clone_workflow(self, workflow_id: str) -> Call[Workflow]:
        """A draft like this workflow, named `<name> (Copy)`."""
        return post(Workflow, at("workflows", workflow_id, "clone"), is_creating=True)

    @Endpoint
    def get_workflow_detail(self, workflow_id: str) -> Call[WorkflowDetail]:
        """A workflow, its newest execution, its schedules and the table in its newest result."""
        return get(WorkflowDetail, at("storage", "workflows", workflow_id, "detail"))

    @Endpoint
    def download_results(self, workflow_id: str) -> Call[bytes]:
        """The table in the newest result, as a workbook (xlsx)."""
        return get(bytes, at("storage", "workflows", workflow_id, "latest-results", "download"))

    # --- many at once ---------------------------------------------------------------------------------------------

    @Endpoint
    def publish_workflows(self, ids: Sequence[str]) -> Call[BulkDone]:
        """Publish and enable up to 100 workflows; `errors` names those that were not."""
        return post(BulkDone, "/bulk/workflows/publish", {"ids": list(ids)})

    @Endpoint
    def archive_workflows(self, ids: Sequence[str]) -> Call[BulkDone]:
        """Archive and disable up to 100 workflows; `errors` names those that were not."""
        return post(BulkDone, "/bulk/workflows/archive", {"ids": list(ids)})

    @Endpoint
    def delete_workflows(self, ids: Sequence[str]) -> Call[BulkDone]:
        """Delete up to 100 workflows; `errors` names those that were not."""
        return post(BulkDone, "/bulk/workflows/delete", {"ids": list(ids)})

    # --- variables ------------------------------------------------------------------------------------------------

    @Endpoint
    def list_variables(self, workflow_id: str) -> Call[Variables]:
        """The variables that a workflow declares, and their mappings to steps."""
        return get(Variables, _variables(workflow_id))

    @Endpoint
    def set_variables(self, workflow_id: str, variables: Sequence[Mapping[str, Any]]) -> Call[VariablesSet]:
        """Declare these variables and no others; a new version when they differ."""
        return put(VariablesSet, _variables(workflow_id), {"variables": list(variables)})

    @Endpoint
    def set_mappings(self, workflow_id: str, mappings: Sequence[Mapping[str, Any]]) -> Call[MappingsSet]:
        """Connect variables and steps so and not otherwise: `{step_id, input_mapping, output_mapping}` each."""
        return put(MappingsSet, _variables(workflow_id) + "/mappings", {"mappings": list(mappings)})

    @Endpoint
    def validate_variables(self, workflow_id: str, variables: Mapping[str, Any]) -> Call[ValuesChecked]:
        """Whether a run may begin with these values; nothing is run."""
        return post(ValuesChecked, _variables(workflow_id) + "/validate", {"variables": variables})

    # --- types of steps -------------------------------------------------------------------------------------------

    @Endpoint
    def list_task_types(self) -> Call[TaskTypeList]:
        """The types that steps may have, with what each takes."""
        return get(TaskTypeList, "/task-types")

    @Endpoint
    def get_task_type(self, task_type: str) -> Call[TaskType]:
        """A type of steps with the schema of its configuration."""
        return get(TaskType, at("task-types", task_type))


def _variables(workflow_id: str) -> str:
    return at("workflow-variables", workflow_id, "variables")
