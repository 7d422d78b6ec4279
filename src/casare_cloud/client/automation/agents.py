"""Agents, and the tasks that they take. An agent's own calls need its token: a client with `api_key="rpa-agent-…"`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from casare_cloud.client.automation.calls import Sender, at, pages
from casare_cloud.client.automation.models import (
    Agent,
    AgentList,
    AgentMade,
    AgentStats,
    AssignedTasks,
    Claimed,
    Heard,
    LogsTaken,
    QueuedTask,
    ResultTaken,
    TaskQueue,
    TaskReleased,
    TokenRotated,
)

Capabilities = Mapping[str, Any] | Sequence[str]


class AgentCalls(Sender):
    """Agents and their tasks."""

    async def list_agents(
        self, *, page: int = 1, per_page: int = 20, status: str | None = None, search: str | None = None
    ) -> AgentList:
        """Agents; `online_count` counts all that are connected."""
        return await self._get(AgentList, "/agents", page=page, per_page=per_page, status=status, search=search)

    iterate_agents = pages(list_agents, "agents", Agent)

    async def register_agent(
        self, name: str, version: str | None = None, capabilities: Capabilities | None = None
    ) -> AgentMade:
        """Register an agent; its `token` is in this answer and in no other."""
        body = {"name": name, "version": version, "capabilities": capabilities}
        return await self._post(AgentMade, "/agents", body, is_creating=True)

    async def count_agents(self) -> AgentStats:
        """How many agents there are, in each state."""
        return await self._get(AgentStats, "/agents/stats")

    async def get_agent(self, agent_id: str) -> Agent:
        """An agent, as it was last heard of."""
        return await self._get(Agent, at("agents", agent_id))

    async def update_agent(
        self,
        agent_id: str,
        *,
        name: str | None = None,
        version: str | None = None,
        capabilities: Capabilities | None = None,
    ) -> Agent:
        """Change what is given."""
        return await self._put(
            Agent, at("agents", agent_id), {"name": name, "version": version, "capabilities": capabilities}
        )

    async def delete_agent(self, agent_id: str) -> None:
        """Take an agent away: its token ends at once, and its tasks go to others."""
        await self._delete(at("agents", agent_id))

    async def rotate_agent_token(self, agent_id: str) -> TokenRotated:
        """Make a token in place of the agent's, which ends at once."""
        return await self._post(TokenRotated, at("agents", agent_id, "rotate-token"), is_creating=True)

    async def list_queue(self, *, page: int = 1, per_page: int = 20) -> TaskQueue:
        """What waits for an agent, the newest first."""
        return await self._get(TaskQueue, "/agent-tasks/queue", page=page, per_page=per_page)

    iterate_queue = pages(list_queue, "queue", QueuedTask)

    async def list_assigned_tasks(self, agent_id: str) -> AssignedTasks:
        """What an agent holds."""
        return await self._get(AssignedTasks, at("agent-tasks", "assigned", agent_id))

    # --- what an agent says itself --------------------------------------------------------------------------------

    async def send_heartbeat(self, agent_id: str, metrics: Mapping[str, Any] | None = None) -> Heard:
        """Say that the agent is alive: it keeps its tasks. `cancel_requested` are those that it shall stop."""
        return await self._post(Heard, at("agents", agent_id, "heartbeat"), {"metrics": metrics})

    async def claim_task(self, agent_id: str, capabilities: Capabilities | None = None) -> Claimed:
        """Take a task that the agent is able to do; it runs from now on, and is held as long as the agent is heard."""
        body = {"agent_id": agent_id, "capabilities": capabilities}
        return await self._post(Claimed, "/agent-tasks/claim", body, is_repeatable=False)

    async def report_result(
        self,
        execution_id: str,
        status: Literal["completed", "failed"],
        output: Mapping[str, Any] | None = None,
        error_message: str | None = None,
        duration_ms: int | None = None,
    ) -> ResultTaken:
        """Say how a task ended, once; the same report again answers the same."""
        body = {"status": status, "output": output, "error_message": error_message, "duration_ms": duration_ms}
        return await self._post(ResultTaken, at("agent-tasks", execution_id, "result"), body)

    async def append_task_logs(
        self, execution_id: str, entries: Sequence[Mapping[str, Any]], sequence: int | None = None
    ) -> LogsTaken:
        """Append lines `{level, message, step_id, timestamp, context}` to the log of a task.

        `sequence` is the batch's number: sent again, it is stored once.
        """
        body = {"entries": list(entries), "sequence": sequence}
        path = at("agent-tasks", execution_id, "logs")
        return await self._post(LogsTaken, path, body, is_repeatable=sequence is not None)

    async def release_task(self, execution_id: str) -> TaskReleased:
        """Give a task back: another agent may take it; one that was asked to stop is cancelled."""
        return await self._post(TaskReleased, at("agent-tasks", execution_id, "release"))
