"""Workflows: draft, change, publish, run, copy; their variables, and the types that their steps may have."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from casare_cloud.client.automation.calls import Sender, at, pages
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


class WorkflowCalls(Sender):
    """Workflows."""

    async def list_workflows(
        self,
        *,
        page: int = 1,
        per_page: int = 20,
        search: str | None = None,
        status: WorkflowStatus | None = None,
        is_enabled: bool | None = None,
    ) -> WorkflowList:
        """Workflows, the newest first; `search` is part of a name or description."""
        return await self._get(
            WorkflowList,
            "/workflows",
            page=page,
            per_page=per_page,
            search=search,
            status=status,
            is_enabled=is_enabled,
        )

    iterate_workflows = pages(list_workflows, "workflows", Workflow)

    async def create_workflow(
        self,
        name: str,
        definition: Mapping[str, Any] | None = None,
        description: str | None = None,
        *,
        strict: bool = True,
    ) -> WorkflowSaved:
        """Make a draft: version 1, enabled, not published. Not `strict`: what is a mistake in it is a warning."""
        body = {"name": name, "definition": definition, "description": description}
        return await self._post(WorkflowSaved, "/workflows", body, query={"strict": strict}, is_creating=True)

    async def get_workflow(self, workflow_id: str) -> Workflow:
        """A workflow with the definition of its current version."""
        return await self._get(Workflow, at("workflows", workflow_id))

    async def update_workflow(
        self,
        workflow_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        definition: Mapping[str, Any] | None = None,
        is_enabled: bool | None = None,
        version: int | None = None,
        strict: bool = True,
    ) -> WorkflowSaved:
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
        return await self._put(WorkflowSaved, at("workflows", workflow_id), body, query={"strict": strict})

    async def delete_workflow(self, workflow_id: str) -> None:
        """Delete a workflow and its schedules, disable its triggers, cancel what waits."""
        await self._delete(at("workflows", workflow_id))

    async def publish_workflow(self, workflow_id: str, *, strict: bool = True) -> WorkflowSaved:
        """Publish and enable a workflow: schedules and webhooks may run it."""
        return await self._post(WorkflowSaved, at("workflows", workflow_id, "publish"), query={"strict": strict})

    async def archive_workflow(self, workflow_id: str) -> Workflow:
        """Archive and disable a workflow: nothing runs it."""
        return await self._post(Workflow, at("workflows", workflow_id, "archive"))

    async def execute_workflow(
        self, workflow_id: str, variables: Mapping[str, Any] | None = None, *, strict: bool = True
    ) -> ExecutionMade:
        """Run an enabled workflow, published or a draft, and return the execution that was queued; see `wait`."""
        body = {"variables": variables}
        path = at("workflows", workflow_id, "execute")
        return await self._post(ExecutionMade, path, body, query={"strict": strict}, is_creating=True)

    async def list_workflow_history(self, workflow_id: str, *, page: int = 1, per_page: int = 20) -> WorkflowHistory:
        """Who did what to a workflow, the newest first."""
        return await self._get(WorkflowHistory, at("workflows", workflow_id, "history"), page=page, per_page=per_page)

    iterate_workflow_history = pages(list_workflow_history, "history", Act)

    async def clone_workflow(self, workflow_id: str) -> Workflow:
        """A draft like this workflow, named `<name> (Copy)`."""
        return await self._post(Workflow, at("workflows", workflow_id, "clone"), is_creating=True)

    async def get_workflow_detail(self, workflow_id: str) -> WorkflowDetail:
        """A workflow, its newest execution, its schedules and the table in its newest result."""
        return await self._get(WorkflowDetail, at("storage", "workflows", workflow_id, "detail"))

    async def download_results(self, workflow_id: str) -> bytes:
        """The table in the newest result, as a workbook (xlsx)."""
        return await self._get(bytes, at("storage", "workflows", workflow_id, "latest-results", "download"))

    # --- many at once ---------------------------------------------------------------------------------------------

    async def publish_workflows(self, ids: Sequence[str]) -> BulkDone:
        """Publish and enable up to 100 workflows; `errors` names those that were not."""
        return await self._post(BulkDone, "/bulk/workflows/publish", {"ids": list(ids)})

    async def archive_workflows(self, ids: Sequence[str]) -> BulkDone:
        """Archive and disable up to 100 workflows; `errors` names those that were not."""
        return await self._post(BulkDone, "/bulk/workflows/archive", {"ids": list(ids)})

    async def delete_workflows(self, ids: Sequence[str]) -> BulkDone:
        """Delete up to 100 workflows; `errors` names those that were not."""
        return await self._post(BulkDone, "/bulk/workflows/delete", {"ids": list(ids)})

    # --- variables ------------------------------------------------------------------------------------------------

    async def list_variables(self, workflow_id: str) -> Variables:
        """The variables that a workflow declares, and their mappings to steps."""
        return await self._get(Variables, _variables(workflow_id))

    async def set_variables(self, workflow_id: str, variables: Sequence[Mapping[str, Any]]) -> VariablesSet:
        """Declare these variables and no others; a new version when they differ."""
        return await self._put(VariablesSet, _variables(workflow_id), {"variables": list(variables)})

    async def set_mappings(self, workflow_id: str, mappings: Sequence[Mapping[str, Any]]) -> MappingsSet:
        """Connect variables and steps so and not otherwise: `{step_id, input_mapping, output_mapping}` each."""
        return await self._put(MappingsSet, _variables(workflow_id) + "/mappings", {"mappings": list(mappings)})

    async def validate_variables(self, workflow_id: str, variables: Mapping[str, Any]) -> ValuesChecked:
        """Whether a run may begin with these values; nothing is run."""
        return await self._post(ValuesChecked, _variables(workflow_id) + "/validate", {"variables": variables})

    # --- types of steps -------------------------------------------------------------------------------------------

    async def list_task_types(self) -> TaskTypeList:
        """The types that steps may have, with what each takes."""
        return await self._get(TaskTypeList, "/task-types")

    async def get_task_type(self, task_type: str) -> TaskType:
        """A type of steps with the schema of its configuration."""
        return await self._get(TaskType, at("task-types", task_type))


def _variables(workflow_id: str) -> str:
    return at("workflow-variables", workflow_id, "variables")
