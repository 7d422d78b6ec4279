"""Executions: the runs of workflows, what they did, and running them again."""

from collections.abc import Sequence

from casare_cloud.client.automation.calls import Call, Endpoint, Pages, at, get, post
from casare_cloud.client.automation.models import (
    BulkDone,
    Execution,
    ExecutionData,
    ExecutionDetail,
    ExecutionList,
    LogLine,
    Message,
)


class ExecutionCalls:
    """Executions."""

    @Endpoint
    def list_executions(
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
    ) -> Call[ExecutionList]:
        """Executions, the newest first; dates are ISO 8601. A `status` that is no word finds none."""
        return get(
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

    iterate_executions = Pages(list_executions, "executions", Execution)

    @Endpoint
    def get_execution(self, execution_id: str) -> Call[ExecutionDetail]:
        """An execution with what became of its steps."""
        return get(ExecutionDetail, at("executions", execution_id))

    @Endpoint
    def list_execution_logs(self, execution_id: str, *, limit: int = 1000, offset: int = 0) -> Call[list[LogLine]]:
        """The log of an execution, the oldest line first."""
        return get(list[LogLine], at("executions", execution_id, "logs"), limit=limit, offset=offset)

    @Endpoint
    def get_execution_data(self, execution_id: str) -> Call[ExecutionData]:
        """What the steps of an execution left, by their ids, and its variables at the end."""
        return get(ExecutionData, at("executions", execution_id, "data"))

    @Endpoint
    def retry_execution(self, execution_id: str) -> Call[Execution]:
        """Run an execution that failed or was cancelled again, as a new one."""
        return post(Execution, at("executions", execution_id, "retry"), is_creating=True)

    @Endpoint
    def cancel_execution(self, execution_id: str) -> Call[Message]:
        """Cancel an execution: a pending one at once, a running one when its agent has stopped."""
        return post(Message, at("executions", execution_id, "cancel"))

    @Endpoint
    def cancel_executions(self, ids: Sequence[str]) -> Call[BulkDone]:
        """Cancel up to 100 executions; `errors` names those that were not."""
        return post(BulkDone, "/bulk/executions/cancel", {"ids": list(ids)})

    @Endpoint
    def retry_executions(self, ids: Sequence[str]) -> Call[BulkDone]:
        """Run up to 100 executions again; `errors` names those that were not."""
        return post(BulkDone, "/bulk/executions/retry", {"ids": list(ids)}, is_repeatable=False)
