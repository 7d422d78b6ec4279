"""Agents, and the tasks that they take. An agent's own calls need its token: a client with `api_key="rpa-agent-…"`."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from casare_cloud.client.automation.calls import Call, Endpoint, Pages, at, delete, get, post, put
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


class AgentCalls:
    """Agents and their tasks."""

    @Endpoint
    def list_agents(
        self, *, page: int = 1, per_page: int = 20, status: str | None = None, search: str | None = None
    ) -> Call[AgentList]:
        """Agents; `online_count` counts all that are connected."""
        return get(AgentList, "/agents", page=page, per_page=per_page, status=status, search=search)

    iterate_agents = Pages(list_agents, "agents", Agent)

    @Endpoint
    def register_agent(
        self, name: str, version: str | None = None, capabilities: Capabilities | None = None
    ) -> Call[AgentMade]:
        """Register an agent; its `token` is in this answer and in no other."""
        body = {"name": name, "version": version, "capabilities": capabilities}
        return post(AgentMade, "/agents", body, is_creating=True)

    @Endpoint
    def count_agents(self) -> Call[AgentStats]:
        """How many agents there are, in each state."""
        return get(AgentStats, "/agents/stats")

    @Endpoint
    def get_agent(self, agent_id: str) -> Call[Agent]:
        """An agent, as it was last heard of."""
        return get(Agent, at("agents", agent_id))

    @Endpoint
    def update_agent(
        self,
        agent_id: str,
        *,
        name: str | None = None,
        version: str | None = None,
        capabilities: Capabilities | None = None,
    ) -> Call[Agent]:
        """Change what is given."""
        return put(Agent, at("agents", agent_id), {"name": name, "version": version, "capabilities": capabilities})

    @Endpoint
    def delete_agent(self, agent_id: str) -> Call[None]:
        """Take an agent away: its token ends at once, and its tasks go to others."""
        return delete(at("agents", agent_id))

    @Endpoint
    def rotate_agent_token(self, agent_id: str) -> Call[TokenRotated]:
        """Make a token in place of the agent's, which ends at once."""
        return post(TokenRotated, at("agents", agent_id, "rotate-token"), is_creating=True)

    @Endpoint
    def list_queue(self, *, page: int = 1, per_page: int = 20) -> Call[TaskQueue]:
        """What waits for an agent, the newest first."""
        return get(TaskQueue, "/agent-tasks/queue", page=page, per_page=per_page)

    iterate_queue = Pages(list_queue, "queue", QueuedTask)

    @Endpoint
    def list_assigned_tasks(self, agent_id: str) -> Call[AssignedTasks]:
        """What an agent holds."""
        return get(AssignedTasks, at("agent-tasks", "assigned", agent_id))

    # --- what an agent says itself --------------------------------------------------------------------------------

    @Endpoint
    def send_heartbeat(self, agent_id: str, metrics: Mapping[str, Any] | None = None) -> Call[Heard]:
        """Say that the agent is alive: it keeps its tasks. `cancel_requested` are those that it shall stop."""
        return post(Heard, at("agents", agent_id, "heartbeat"), {"metrics": metrics})

    @Endpoint
    def claim_task(self, agent_id: str, capabilities: Capabilities | None = None) -> Call[Claimed]:
        """Take a task that the agent is able to do; it runs from now on, and is held as long as the agent is heard."""
        body = {"agent_id": agent_id, "capabilities": capabilities}
        return post(Claimed, "/agent-tasks/claim", body, is_repeatable=False)

    @Endpoint
    def report_result(
        self,
        execution_id: str,
        status: Literal["completed", "failed"],
        output: Mapping[str, Any] | None = None,
        error_message: str | None = None,
        duration_ms: int | None = None,
    ) -> Call[ResultTaken]:
        """Say how a task ended, once; the same report again answers the same."""
        body = {"status": status, "output": output, "error_message": error_message, "duration_ms": duration_ms}
        return post(ResultTaken, at("agent-tasks", execution_id, "result"), body)

    @Endpoint
    def append_task_logs(
        self, execution_id: str, entries: Sequence[Mapping[str, Any]], sequence: int | None = None
    ) -> Call[LogsTaken]:
        """Append lines `{level, message, step_id, timestamp, context}` to the log of a task.

        `sequence` is the batch's number: sent again, it is stored once.
        """
        body = {"entries": list(entries), "sequence": sequence}
        path = at("agent-tasks", execution_id, "logs")
        return post(LogsTaken, path, body, is_repeatable=sequence is not None)

    @Endpoint
    def release_task(self, execution_id: str) -> Call[TaskReleased]:
        """Give a task back: another agent may take it; one that was asked to stop is cancelled."""
        return post(TaskReleased, at("agent-tasks", execution_id, "release"))
