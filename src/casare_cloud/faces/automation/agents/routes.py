"""Agents: register, look, change, hear of, give a new token (document 004). An agent is a robot."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query

from casare_cloud.domain.api_keys import service as api_keys
from casare_cloud.domain.jobs import leases
from casare_cloud.domain.robots import service
from casare_cloud.domain.robots.model import Filter, Heartbeat, Registration
from casare_cloud.faces.automation.agents.shapes import (
    AgentAnswer,
    AgentBody,
    AgentChanges,
    AgentList,
    AgentMade,
    AgentStats,
    HeartbeatAnswer,
    HeartbeatBody,
    TokenRotated,
)
from casare_cloud.faces.automation.agents.words import WORDS, states_of, word_of
from casare_cloud.faces.automation.fields import AgentId
from casare_cloud.faces.automation.refusals import idempotent, refusals
from casare_cloud.faces.kit.idempotency import shown_once
from casare_cloud.faces.kit.paging import NumberedPage, numbered_page
from casare_cloud.faces.kit.routing import Route, Tx

router = APIRouter(prefix="/agents", tags=["agents"], route_class=Route)

MOST_TASKS = 100  # of an agent that does not say how many it runs at once
KEEP_IT = "Keep the token: it is not shown again."


@router.get("", responses=refusals())
async def list_agents(
    tx: Tx,
    page: Annotated[NumberedPage, numbered_page()],
    status: Annotated[str | None, Query(max_length=64, description="active, inactive, disconnected or error.")] = None,
    search: Annotated[str | None, Query(max_length=255, description="Part of the name.")] = None,
) -> AgentList:
    """List agents. Needs agents.read."""
    wanted = Filter(search=search or None, states=states_of(status))
    found, total = await service.list_page(tx, wanted, page.limit, page.offset)
    counts = await service.count_lifetimes(tx)
    online = sum(count for state, count in counts.items() if state.is_online)
    return AgentList(agents=[AgentAnswer.of(robot) for robot in found], online_count=online, **page.facts(total))


@router.post("", status_code=201, **idempotent())
@shown_once("token")
async def register_agent(body: AgentBody, tx: Tx) -> AgentMade:
    """Register an agent and make its token, which works for this agent only. Needs agents.write and api_keys.write."""
    registration = Registration(
        external_id=f"agent-{uuid4().hex}",
        name=body.name,
        hostname="",
        capabilities=body.capabilities or {},
        max_concurrent_jobs=MOST_TASKS,
    )
    made = await service.register(tx, registration)
    robot = await service.update(tx, str(made.robot_id), {"version": body.version})
    token = await api_keys.renew_agent_token(tx, robot.robot_id, body.name)
    return AgentMade(agent=AgentAnswer.of(robot), token=token, message=KEEP_IT)


@router.get("/stats", responses=refusals())
async def count_agents(tx: Tx) -> AgentStats:
    """How many agents there are, in each state. Needs agents.read."""
    counts = await service.count_lifetimes(tx)
    by_status: dict[str, int] = dict.fromkeys(WORDS, 0)
    for state, count in counts.items():
        by_status[word_of(state)] += count
    online = sum(count for state, count in counts.items() if state.is_online)
    return AgentStats(total=sum(counts.values()), online=online, by_status=by_status)


@router.get("/{agent_id}", responses=refusals(404))
async def get_agent(agent_id: AgentId, tx: Tx) -> AgentAnswer:
    """An agent. Needs agents.read; an agent sees itself."""
    return AgentAnswer.of(await service.get(tx, str(agent_id)))


@router.put("/{agent_id}", responses=refusals(404))
async def update_agent(agent_id: AgentId, body: AgentChanges, tx: Tx) -> AgentAnswer:
    """Change what is named. Needs agents.write."""
    return AgentAnswer.of(await service.update(tx, str(agent_id), body.model_dump(exclude_none=True)))


@router.delete("/{agent_id}", status_code=204, responses=refusals(404))
async def delete_agent(agent_id: AgentId, tx: Tx) -> None:
    """Take an agent away: its token ends at once, and its tasks go to others. Needs agents.write."""
    await service.delete(tx, str(agent_id))


@router.post("/{agent_id}/heartbeat", responses=refusals(404))
async def hear_of_agent(agent_id: AgentId, tx: Tx, body: HeartbeatBody | None = None) -> HeartbeatAnswer:
    """Say that the agent is alive: it keeps its tasks, which are named; what it runs besides is another's by now.

    Only for the agent itself, with its own token.
    """
    held = await leases.keep_held_jobs(tx)
    heard = await service.heartbeat(tx, str(agent_id), Heartbeat(metrics=body.said() if body else None))
    stopping = [each["job_id"] for each in heard.pending_commands if each.get("command") == "cancel_job"]
    return HeartbeatAnswer(
        status="ok",
        agent_id=agent_id,
        timestamp=heard.heard_at,
        held_tasks=len(held),
        task_ids=held,
        cancel_requested=stopping,
    )


@router.post("/{agent_id}/rotate-token", **idempotent(404))
@shown_once("token")
async def rotate_agent_token(agent_id: AgentId, tx: Tx) -> TokenRotated:
    """Make a token in place of the agent's, which ends at once. Needs agents.read and api_keys.write."""
    robot = await service.get(tx, str(agent_id))
    token = await api_keys.renew_agent_token(tx, robot.robot_id, robot.name)
    return TokenRotated(agent_id=agent_id, token=token, message=KEEP_IT)
