"""What a node type says of itself: its options, its ports and their defaults.

An option is read under its name or another name for it (`also`): from the connection into that port, else from the
configuration, else it is its default. Options, outputs and exits of a type are all there are: what a workflow writes
beside them is a mistake that `check` finds before anything runs.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any, Literal

Kind = Literal["any", "text", "number", "integer", "boolean", "list", "object", "expression"]

EVERY_NODE_TAKES = frozenset({"name", "disabled", "_disabled"})
"""Configuration that the executor reads itself, whatever the node type."""

NOTES = frozenset({
    "_comment", "annotation", "category", "color", "collapsed", "comment", "custom_name", "description",
    "display_name", "height", "icon", "label", "notes", "position", "size", "tags", "title", "tooltip", "width",
})  # fmt: skip
"""Words for people and for editors, on nodes, connections and in configurations: nothing depends on them."""

ANY_VALUE = "*"
"""As the default of an option without effect: no value of it is worth a warning."""

ERROR_OUTPUTS = ("error", "error_message", "error_type", "stack_trace", "success")
"""What a failed node puts out, when a connection leads on from its `error` exit."""

_NUMBER_AT_END = re.compile(r"(.+_)\d{1,3}")


def kind_of(node_type: str) -> str:
    """A node type for comparison: `HTTPRequestNode`, `HttpRequestNode` and `http_request` are the same."""
    return node_type.lower().replace("_", "").removesuffix("node")


@dataclass(frozen=True, slots=True)
class Option:
    """One input of a node type. `numbered`: the name ends in `_` and stands for `name_1`, `name_2` …

    `no_effect` is the reason why this executor accepts the option and does nothing with it.
    """

    name: str
    kind: Kind = "any"
    default: Any = None
    also: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    numbered: bool = False
    no_effect: str = ""


@dataclass(frozen=True, slots=True)
class NodeType:
    """A node type under all its names. `options` has each option under each of its names.

    `exits` maps each name of an execution exit to the name that the walker knows; one that ends in `_` stands for
    every exit that begins so. With `any_port`, data may also enter by ports that only the workflow knows; with
    `any_option` and `any_output` the same holds for the configuration and for what comes out. `needs` names the options
    without which the node fails; of those in one text, `code|file`, one is enough. `subject` is the module that has the
    type, and `more` what its function says besides `about`.
    """

    names: tuple[str, ...]
    about: str
    options: Mapping[str, Option]
    outputs: frozenset[str]
    exits: Mapping[str, str]
    any_option: bool = False
    any_port: bool = False
    any_output: bool = False
    extra: str = ""  # the optional part of this package without which it does nothing, see `extras`
    needs: tuple[str, ...] = ()
    subject: str = ""
    more: str = ""

    def option(self, name: str) -> Option | None:
        """The option of this name, also of a numbered one."""
        found = self.options.get(name)
        if found is None and (match := _NUMBER_AT_END.fullmatch(name)):
            found = self.options.get(match[1])
        return found

    def exit(self, port: str) -> str | None:
        """The exit of this name as the walker knows it, or None."""
        if port in self.exits:
            return self.exits[port]
        if port == "error" or any(name.endswith("_") and port.startswith(name) for name in self.exits):
            return port
        return None

    def lacking(self, given: Container[str | None]) -> list[str]:
        """What of `needs` is not among the given options, by whatever name; `code or file` where one is enough."""
        return [
            " or ".join(names)
            for names in (each.split("|") for each in self.needs)
            if not any(name in given for one in names for name in self._names_of(one))
        ]

    def _names_of(self, name: str) -> tuple[str, ...]:
        option = self.option(name)
        return (name,) if option is None else (option.name, *option.also)

    @property
    def option_names(self) -> list[str]:
        return [f"{name}1" if option.numbered else name for name, option in self.options.items()]


def node_type(
    names: tuple[str, ...],
    about: str | None,
    takes: Iterable[Option] = (),
    gives: Iterable[str] = (),
    exits: Iterable[str] = ("exec_out",),
    *,
    any_option: bool = False,
    any_port: bool = False,
    any_output: bool = False,
    extra: str = "",
    needs: Iterable[str] = (),
    subject: str = "",
) -> NodeType:
    """A declaration from its parts; an exit written `body|loop` is named `body` and may be called `loop` too."""
    ways: dict[str, str] = {}
    for written in exits:
        first, *others = written.split("|")
        ways.update(dict.fromkeys([first, *others], first))
    if "exec_out" in ways:
        ways |= {"out": "exec_out", "exec": "exec_out"}
    first, _, rest = (about or "").strip().partition("\n")
    return NodeType(
        names,
        first,
        {name: option for option in takes for name in (option.name, *option.also)},
        frozenset(gives),
        ways,
        any_option,
        any_port,
        any_output,
        extra,
        tuple(needs),
        subject.rpartition(".")[2],
        cleandoc(rest),
    )


def anything(name: str, *also: str, default: Any = None) -> Option:
    return Option(name, "any", default, also)


def text(name: str, *also: str, default: str | None = "") -> Option:
    return Option(name, "text", default, also)


def number(name: str, *also: str, default: float | None = None) -> Option:
    return Option(name, "number", default, also)


def integer(name: str, *also: str, default: int | None = None) -> Option:
    return Option(name, "integer", default, also)


def flag(name: str, *also: str, default: bool = False) -> Option:
    return Option(name, "boolean", default, also)


def listing(name: str, *also: str) -> Option:
    return Option(name, "list", None, also)


def mapping(name: str, *also: str) -> Option:
    return Option(name, "object", None, also)


def expression(name: str, *also: str) -> Option:
    """A condition or formula, read as it is written: its templates are values in it, not text."""
    return Option(name, "expression", None, also)


def choice(name: str, *choices: str, default: str, also: tuple[str, ...] = ()) -> Option:
    return Option(name, "text", default, also, choices)


def numbered(name: str) -> Option:
    """`name_1`, `name_2` … up to `name_100`."""
    return Option(f"{name}_", numbered=True)


def unused(name: str, why: str, default: Any = ANY_VALUE) -> Option:
    """An option of the published product that has no effect here: a value other than the default is warned about."""
    return Option(name, default=default, no_effect=why)
