"""`AutomationClient`: every method of the client of the automation face, to be awaited."""

import asyncio
import uuid
from typing import Any, TypeVar, get_origin

from casare_cloud.client.automation.agents import AgentCalls
from casare_cloud.client.automation.calls import Call
from casare_cloud.client.automation.errors import typed
from casare_cloud.client.automation.executions import ExecutionCalls
from casare_cloud.client.automation.figures import FigureCalls
from casare_cloud.client.automation.models import ExecutionDetail
from casare_cloud.client.automation.people import PeopleCalls
from casare_cloud.client.automation.schedules import ScheduleCalls
from casare_cloud.client.automation.service import ServiceCalls
from casare_cloud.client.automation.triggers import TriggerCalls
from casare_cloud.client.automation.workflows import WorkflowCalls
from casare_cloud.client.connection import Connection
from casare_cloud.errors import ApiError
from casare_cloud.http import Check, a_list, an_object

T = TypeVar("T")

FINISHED = frozenset({"completed", "failed", "cancelled"})
POLL_SECONDS = 2.0
FILES = (
    "text/csv",
    "application/json",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)


class AutomationClient(
    WorkflowCalls,
    ExecutionCalls,
    AgentCalls,
    ScheduleCalls,
    TriggerCalls,
    PeopleCalls,
    FigureCalls,
    ServiceCalls,
    Connection,
):
    """Talks to one automation face as a user (after `login` or `register`), or with a key: a program's or an agent's.

    A user's token is refreshed shortly before it ends. Calls are tried again when the network or the service fails, or
    when there were too many, after the time that `Retry-After` says. Creating calls carry an `Idempotency-Key`, so that
    a try that is repeated because the answer was lost makes nothing twice. Raises `AutomationError`.
    """

    async def send(self, call: Call[T]) -> T:
        """The answer to a call."""
        options: dict[str, Any] = {"headers": dict(call.headers), "expects": _check_of(call.answers)}
        if call.is_creating:
            options["headers"]["Idempotency-Key"] = str(uuid.uuid4())
        if not (call.is_repeatable or call.is_creating):
            options["attempts"] = 1
        if isinstance(call.body, bytes):
            options["content"] = call.body
        elif call.body is not None:
            options["json"] = call.body
        if call.answers is bytes:
            options["as_file"] = FILES
        elif call.answers is str:
            options["as_text"] = True
        path = self._http.base_url.removesuffix("/api/v1") + call.path if call.is_at_root else call.path
        ask = self._http.call if call.is_public else self._send
        try:
            answer: Any = await ask(call.method, path, params=call.query or None, **options)
        except ApiError as error:
            raise typed(error) from error
        if call.gives_tokens:
            self._keep_tokens(answer)
        kept: T = answer
        return kept

    async def wait(
        self, execution_id: str, timeout: float | None = None, poll_seconds: float = POLL_SECONDS
    ) -> ExecutionDetail:
        """The execution with its steps, once it has ended. Raises `TimeoutError` after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while (execution := await self.get_execution(execution_id))["status"] not in FINISHED:
                await asyncio.sleep(poll_seconds)
        return execution


def _check_of(answers: Any) -> Check | None:
    """What an answer must look like to be the service's; a file and a text are looked at by their media type."""
    if answers in (bytes, str):
        return None
    if answers is type(None):
        return lambda answer: answer is None
    return a_list() if get_origin(answers) is list else an_object()
