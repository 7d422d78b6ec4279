"""One page for each type of nodes or steps: its options, ports, errors, and an example that runs."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from casare_cloud.robot.executor import errors
from casare_cloud.robot.executor.declarations import NodeType, Option, kind_of
from casare_cloud.robot.executor.problems import nearest
from casare_cloud.robot.executor.registry import built_in_types
from casare_cloud.robot.executor.tasks import DECLARED_TASKS, TASK_NAMES

SUBJECTS = {
    "basic": "Basics",
    "blocks": "Loops, errors, sub-workflows",
    "branches": "Branches",
    "web": "HTTP",
    "files": "Files",
    "csv_files": "CSV",
    "archives": "Archives",
    "texts": "Text",
    "lists": "Lists",
    "dicts": "Dictionaries and JSON",
    "mathematics": "Numbers",
    "dates": "Dates",
    "judging": "Judging and changing values",
    "messages": "Messages and the machine",
    "xml_data": "XML",
    "databases": "Databases",
    "mail": "Mail",
    "ftp": "FTP",
    "pdf_files": "PDF",
    "windows": "Browser: windows",
    "elements": "Browser: elements",
    "forms": "Browser: forms",
    "reading": "Browser: reading",
    "super_nodes": "Super nodes",
    "web_super": "Super nodes",
}
"""The titles of the modules that have nodes, in the order of the reference; another module is its own title."""
STEPS = "Types of steps"

_RAISED_BY_SUBJECT: dict[str, tuple[type[errors.WorkflowError], ...]] = {
    "web": (errors.HttpRequestError,),
    "files": (errors.SandboxError,),
    "csv_files": (errors.SandboxError,),
    "archives": (errors.SandboxError,),
    "blocks": (errors.InvalidWorkflowError, errors.LoopLimitError),
    "branches": (errors.InvalidWorkflowError,),
    "scripts": (errors.NodeError, errors.UnsupportedNodeError),
    "web_super": (errors.NodeInputError, errors.HttpRequestError),
    "super_nodes": (errors.NodeInputError, errors.SandboxError, errors.UnsupportedNodeError),
    "ftp": (errors.NodeInputError, errors.NodeError),
    "mail": (errors.NodeError,),
    "databases": (errors.NodeError,),
    "pdf_files": (errors.SandboxError,),
    **dict.fromkeys(("windows", "elements", "forms", "reading"), (errors.NodeInputError, errors.NodeError)),
}
_RAISED_BY_TYPE: dict[str, tuple[type[errors.WorkflowError], ...]] = {
    "RetryFailNode": (errors.NodeError,),
    "SubflowNode": (errors.UnsupportedNodeError,),
    "EnvironmentVariableNode": (errors.UnsupportedNodeError,),
    "RunPythonScriptNode": (errors.NodeError, errors.UnsupportedNodeError),
    "HttpDownloadFileNode": (errors.SandboxError,),
    "http_request": (errors.HttpRequestError,),
    "http_download": (errors.HttpRequestError, errors.SandboxError),
    "file_read": (errors.SandboxError,),
    "file_write": (errors.SandboxError,),
    "file_ops": (errors.NodeInputError, errors.SandboxError),
    "loop": (errors.LoopLimitError,),
}

_OWN_WORDS = {
    "AssertNode": ("AssertionError", "the condition does not hold"),
    "ThrowErrorNode": ("Error", "always, under the word that its `error_type` gives"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """A whole workflow in which the node or step `it` is of the type; `gives` says whether its outputs are the same
    each time.
    """

    workflow: dict[str, Any]
    has_steady_outputs: bool = True
    needs_network: bool = False
    needs_scripts: bool = False

    @property
    def it(self) -> dict[str, Any]:
        """The node or step that the example is of."""
        items = self.workflow.get("nodes") or self.workflow["steps"]
        return next(dict(item) for item in items if item["id"] == "it")


@dataclass(frozen=True, slots=True)
class Page:
    """What the reference says of one type; `is_step`: of the form with steps."""

    declared: NodeType
    names: tuple[str, ...]
    subject: str
    is_step: bool
    example: Example | None

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def options(self) -> list[Option]:
        """Each option once."""
        return list({id(option): option for option in self.declared.options.values()}.values())

    @property
    def outputs(self) -> list[str]:
        return sorted(self.declared.outputs)

    @property
    def exits(self) -> list[str]:
        """The exits by their first names; one that ends in … stands for all that begin so."""
        if self.is_step:
            return []
        ways = dict.fromkeys(self.declared.exits.values())
        return [f"{name}…" if name.endswith("_") else name for name in ways] + ["error"]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(error_type, why) of what the node may fail with."""
        kinds = {option.kind for option in self.options}
        found = [("NodeInputError", f"{' or '.join(each.split('|'))} is not given") for each in self.declared.needs]
        if kinds & {"number", "integer", "list", "object"} or any(option.choices for option in self.options):
            found.append(("NodeInputError", "an option is of another kind, or has another word, than it allows"))
        if "expression" in kinds:
            found.append(("ExpressionError", _sentence(errors.ExpressionError)))
        if self.declared.extra:
            found.append(("UnsupportedNodeError", "the robot was installed without what it needs"))
        own = dict.fromkeys((*_RAISED_BY_SUBJECT.get(self.declared.subject, ()), *_RAISED_BY_TYPE.get(self.name, ())))
        found += [(kind.__name__, _sentence(kind)) for kind in own]
        return [*found, _OWN_WORDS[self.name]] if self.name in _OWN_WORDS else found

    def to_json(self) -> dict[str, Any]:
        declared = self.declared
        return {
            "type": self.name,
            "also": list(self.names[1:]),
            "form": "steps" if self.is_step else "nodes",
            "subject": self.subject,
            "about": declared.about,
            "more": declared.more,
            "options": [_option_json(option, declared) for option in self.options],
            "outputs": self.outputs,
            "exits": self.exits,
            "takes_any_option": declared.any_option,
            "takes_any_input": declared.any_port,
            "gives_any_output": declared.any_output,
            "example": None if self.example is None else self.example.workflow,
            "extra": declared.extra or None,
            "errors": [{"error_type": kind, "why": why} for kind, why in self.errors],
        }


def _option_json(option: Option, declared: NodeType) -> dict[str, Any]:
    return {
        "name": f"{option.name}1" if option.numbered else option.name,
        "also": list(option.also),
        "kind": option.kind,
        "required": is_required(option, declared),
        "default": None if option.no_effect else option.default,
        "words": list(option.choices),
        "no_effect": option.no_effect or None,
    }


def is_required(option: Option, declared: NodeType) -> bool:
    """Whether the node fails without it (not: without it or another)."""
    return bool({option.name, *option.also} & set(declared.needs))


@cache
def pages() -> tuple[Page, ...]:
    """Every type of nodes by subject and name, then every type of steps."""
    order = list(dict.fromkeys(SUBJECTS.values()))
    nodes = [_page(declared, declared.names, is_step=False) for declared in built_in_types()]
    nodes.sort(key=lambda page: (_place(page.subject, order), page.subject, page.name))
    steps: dict[int, list[str]] = {}
    for kind, declared in DECLARED_TASKS.items():
        steps.setdefault(id(declared), []).append(TASK_NAMES[kind])
    by_id = {id(declared): declared for declared in DECLARED_TASKS.values()}
    return (*nodes, *(_page(by_id[key], tuple(dict.fromkeys(names)), is_step=True) for key, names in steps.items()))


def find_page(name: str) -> Page | None:
    """The page of a type by any of its names; that of a node before that of a step."""
    written = [page for page in pages() if name in page.names]
    wanted = kind_of(name)
    alike = (page for page in pages() if wanted in map(kind_of, page.names))
    return written[0] if written else next(alike, None)


def meant_by(name: str) -> str | None:
    """The type that a misspelt name may mean."""
    return nearest(name, (other for page in pages() for other in page.names))


def search(words: str) -> Iterator[Page]:
    """The pages that have every word, in the name, the sentence about it, the subject or an option."""
    wanted = words.lower().split()
    for page in pages():
        options = (name for option in page.options for name in (option.name, *option.also))
        text = " ".join((*page.names, page.declared.about, page.subject, *options)).lower()
        if all(word in text for word in wanted):
            yield page


def _place(subject: str, order: list[str]) -> int:
    return order.index(subject) if subject in order else len(order)


def _page(declared: NodeType, names: tuple[str, ...], *, is_step: bool) -> Page:
    module = declared.subject
    subject = STEPS if is_step else SUBJECTS.get(module, module.replace("_", " ").capitalize())
    written = _examples()["steps"].get(names[0]) if is_step else _examples().get(names[0])
    return Page(declared, names, subject, is_step, None if written is None else _example(names[0], written, is_step))


def _sentence(kind: type[errors.WorkflowError]) -> str:
    first = (kind.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    return first[0].lower() + first[1:]


@cache
def _examples() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("examples.toml").read_text())


def _example(name: str, written: Mapping[str, Any], is_step: bool) -> Example:
    before = [(f"before_{number}", *each) for number, each in enumerate(written.get("before", ()), 1)]
    items = [*before, ("it", name, written.get("config"))]
    if "nodes" in written:
        items = [(id_, *each) for id_, each in written["nodes"].items()]
    workflow: dict[str, Any] = {"variables": written["variables"]} if "variables" in written else {}
    if is_step:
        workflow["steps"] = [{"id": id_, "type": type_, "config": config} for id_, type_, config in items]
        for first, second in pairwise(workflow["steps"]):
            second["depends_on"] = [first["id"]]
    else:
        wires = written.get("wires") or _chain(items)
        if items[0][1] not in _BEGINNINGS:
            items.insert(0, ("start", "StartNode", {}))
            wires = [*_chain(items[:2]), *wires]
        workflow["nodes"] = [
            {"id": id_, "type": type_, **({"config": config} if config else {})} for id_, type_, config in items
        ]
        workflow["connections"] = [_wire(each) for each in wires]
    return Example(
        workflow,
        has_steady_outputs=not written.get("varies"),
        needs_network=bool(written.get("network")),
        needs_scripts=bool(written.get("scripts")),
    )


_BEGINNINGS = ("StartNode", "AppEventTriggerNode")


def _chain(items: Sequence[tuple[Any, ...]]) -> list[str]:
    return [f"{first[0]} > {second[0]}" for first, second in pairwise(items)]


def _wire(written: str) -> dict[str, str]:
    source, target = written.split(" > ")
    (node, _, port), (other, _, entry) = source.partition("."), target.partition(".")
    return {
        "source_node": node,
        "source_port": port or "exec_out",
        "target_node": other,
        "target_port": entry or "exec_in",
    }
