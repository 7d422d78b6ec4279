"""What a workflow declares secret is seen by its nodes, and by nobody who reads its log, its result or its errors."""

from collections.abc import Iterator, Mapping
from typing import Any

from casare_cloud.robot.executor.context import Reporter
from casare_cloud.robot.executor.errors import WorkflowError
from casare_cloud.robot.executor.graph import is_declaration
from casare_cloud.robot.executor.templates import as_text

MASK = "********"
LEAST_LENGTH = 4  # a shorter secret is masked where it is all that is said: else half of every log would be stars


def secret_names(variables: Any) -> list[str]:
    """The variables that are declared `sensitive`, or of type `secret`."""
    return [
        name
        for name, item in _declarations(variables)
        if item.get("sensitive") or str(item.get("type", "")).lower() == "secret"
    ]


def _declarations(variables: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(variables, Mapping):
        yield from ((str(name), item) for name, item in variables.items() if is_declaration(item))
    elif isinstance(variables, list):
        yield from ((str(item["name"]), item) for item in variables if isinstance(item, Mapping) and item.get("name"))


class Secrets:
    """The values of a run's secret variables, and how texts read without them."""

    def __init__(self, names: list[str], variables: Mapping[str, Any]) -> None:
        self._names = frozenset(names)
        texts = {as_text(variables[name]) for name in names if variables.get(name) not in (None, "", [], {})}
        self._texts = sorted(texts, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text with a mask in the place of each secret."""
        for secret in self._texts:
            if text == secret:
                return MASK
            if len(secret) >= LEAST_LENGTH:
                text = text.replace(secret, MASK)
        return text

    def value(self, value: Any, name: str | None = None) -> Any:
        """The value with a mask in the place of each secret, and of what is called by the name of one."""
        if name in self._names and value not in (None, ""):
            return MASK
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item, str(key)) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.value(item) for item in value]
        return MASK if self._texts and not isinstance(value, bool) and as_text(value) in self._texts else value

    def error(self, error: WorkflowError) -> None:
        """Masks what an error says."""
        error.args = tuple(self.value(argument) for argument in error.args)
        error.stack_trace = error.stack_trace and self.text(error.stack_trace)
        error.node_executions = self.value(error.node_executions)


class Discreet:
    """A reporter that says nothing secret. `secrets` is set when the run knows its variables."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self.secrets = Secrets([], {})
        self.node_started = reporter.node_started
        self.node_completed = reporter.node_completed

    def progress(self, percent: int, node_id: str | None, message: str | None) -> None:
        self._reporter.progress(percent, node_id, message and self.secrets.text(message))

    def log(self, level: str, message: str, node_id: str | None = None, extra: Mapping[str, Any] | None = None) -> None:
        self._reporter.log(level, self.secrets.text(message), node_id, extra and self.secrets.value(extra))
