"""Executions: the runs of workflows, what they did, and running them again."""

from collections.abc import Sequence

from casare_cloud.client.automation.calls import Sender, at, pages
from casare_cloud.client.automation.models import (
    BulkDone,
    Execution,
    ExecutionData,
    ExecutionDetail,
    ExecutionList,
    LogLine,
    Message,
)


class ExecutionCalls(Sender):
    """Executions."""

    async def list_executions(
        self,
        *,
        page: int = 1,
        per_page: int = 20,
        workflow_id: str | None = None,
        status: str | None = None,
        trigger_type: str | None = None,
        agent_id: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
    ) -> ExecutionList:
        """Executions, the newest first; dates are ISO 8601. A `status` that is no word finds none."""
        return await self._get(
            ExecutionList,
            "/executions",
            page=page,
            per_page=per_page,
            workflow_id=workflow_id,
            status=status,
            trigger_type=trigger_type,
            agent_id=agent_id,
            date_from=date_from,
            date_to=date_to,
        )

    iterate_executions = pages(list_executions, "executions", Execution)

    async def get_execution(self, execution_id: str) -> ExecutionDetail:
        """An execution with what became of its steps."""
        return await self._get(ExecutionDetail, at("executions", execution_id))

    async def list_execution_logs(self, execution_id: str, *, limit: int = 1000, offset: int = 0) -> list[LogLine]:
        """The log of an execution, the oldest line first."""
        return await self._get(list[LogLine], at("executions", execution_id, "logs"), limit=limit, offset=offset)

    async def get_execution_data(self, execution_id: str) -> ExecutionData:
        """What the steps of an execution left, by their ids, and its variables at the end."""
        return await self._get(ExecutionData, at("executions", execution_id, "data"))

    async def retry_execution(self, execution_id: str) -> Execution:
        """Run an execution that failed or was cancelled again, as a new one."""
        return await self._post(Execution, at("executions", execution_id, "retry"), is_creating=True)

    async def cancel_execution(self, execution_id: str) -> Message:
        """Cancel an execution: a pending one at once, a running one when its agent has stopped."""
        return await self._post(Message, at("executions", execution_id, "cancel"))

    async def cancel_executions(self, ids: Sequence[str]) -> BulkDone:
        """Cancel up to 100 executions; `errors` names those that were not."""
        return await self._post(BulkDone, "/bulk/executions/cancel", {"ids": list(ids)})

    async def retry_executions(self, ids: Sequence[str]) -> BulkDone:
        """Run up to 100 executions again; `errors` names those that were not."""
        return await self._post(BulkDone, "/bulk/executions/retry", {"ids": list(ids)}, is_repeatable=False)
