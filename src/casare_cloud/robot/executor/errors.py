"""Why a workflow ends badly. `is_retryable` False: the same input would fail the same way (a business error)."""

from datetime import datetime
from typing import Any


class WorkflowError(Exception):
    """A workflow failed; `error_type` is the word that the job's record shows, by default the class name.

    `node_executions` is what had run before, as in the result of a workflow that succeeds.
    """

    is_retryable = False

    def __init__(self, message: str, *, node_id: str | None = None, error_type: str | None = None) -> None:
        super().__init__(message)
        self.node_id = node_id
        self.error_type = error_type or type(self).__name__
        self.stack_trace: str | None = None
        self.retry_at: datetime | None = None  # another try before would fail the same way
        self.node_executions: list[dict[str, Any]] = []


class InvalidWorkflowError(WorkflowError):
    """The definition is not a workflow that could run: found before anything runs.

    `path` leads to the place in the definition, as in a problem that the check finds, and `rule` is its word for it.
    """

    def __init__(
        self,
        message: str,
        *,
        node_id: str | None = None,
        path: str = "",
        rule: str = "structure",
        did_you_mean: str | None = None,
    ) -> None:
        super().__init__(f"{message}; did you mean {did_you_mean}?" if did_you_mean else message, node_id=node_id)
        self.message = message
        self.path = path
        self.rule = rule
        self.did_you_mean = did_you_mean


class UnsupportedNodeError(WorkflowError):
    """The definition asks for a node or task type that this robot does not have: found before anything runs."""


class NodeInputError(WorkflowError):
    """A node got a value that it cannot work with."""


class ExpressionError(WorkflowError):
    """A condition or expression cannot be evaluated."""


class SandboxError(WorkflowError):
    """A path leads out of the job's folder, or a file limit is reached."""


class LoopLimitError(WorkflowError):
    """A loop, or the workflow as a whole, ran more often than allowed."""


class ThrownError(WorkflowError):
    """The workflow itself asked to fail (ThrowErrorNode, AssertNode)."""


class NodeError(WorkflowError):
    """A node failed for a reason of its own, which another try may not meet again."""

    is_retryable = True


class HttpRequestError(NodeError):
    """A request got no usable answer: no connection, a time-out, an answer that is too large."""


class BrowserError(NodeError):
    """A browser did not do what a node asked of it: an address that is not reached, an element that is not there."""


class ResultTooLarge(WorkflowError):
    """The result of the workflow, or one value of it, is larger than the service stores."""


class JobTimeoutError(NodeError):
    """The job ran longer than its timeout allows."""


FATAL = (InvalidWorkflowError, UnsupportedNodeError, LoopLimitError, JobTimeoutError)
"""What no workflow can catch: going on would not be what its author meant."""
