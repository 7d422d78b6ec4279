"""Writes the reference of all types of nodes and steps, `docs/nodes.md`, and the schema beside it."""

import json
from collections.abc import Iterator

from casare_cloud.robot.executor.declarations import ANY_VALUE, Option
from casare_cloud.robot.reference.pages import Page, is_required, pages
from casare_cloud.robot.reference.schema import Schema, workflow_schema

PATH = "docs/nodes.md"
SCHEMA_PATH = "docs/workflow.schema.json"
_HEAD = """# Nodes and steps

Every type that a robot without plugins has, with its options, ports, errors and an example that runs.
`casare-cloud nodes` says the same: `casare-cloud nodes csv` looks for a word, `casare-cloud nodes IfNode` prints one
type with a whole workflow, and `--json` gives all of it to programs. [Write a workflow](write-a-workflow.md) begins at
the beginning; [workflows](workflows.md) has the rules.

This page is made by `make contents` from what each type says of itself where it is implemented, and from
`src/casare_cloud/robot/reference/examples.toml`. So is [workflow.schema.json](workflow.schema.json), the JSON Schema of
whole workflows: with `"$schema": "./workflow.schema.json"` in a file beside a copy of it (`casare-cloud nodes
--schema`), an editor completes types and options, and marks what is misspelt.

An option is given in `config`, or by a connection into the port of its name; of several names, any one. **Bold** ones
are needed. Every node has the exit `error`, and puts out `error_message` and `error_type` when it fails and that exit
leads on. Every error is a word in the job's `error_type` ([errors](errors.md)). Every node takes `name` and `disabled`,
and every step `when`, `continue_on_error`, `run_on_failure` and `retry` (or `_retry_policy` and `_retry_max_attempts`)
besides what is listed."""


def documents() -> dict[str, str]:
    """The text of each file that is made from the reference."""
    return {PATH: compose(), SCHEMA_PATH: _lines_of(workflow_schema()) + "\n"}


def _lines_of(schema: Schema) -> str:
    """The schema as JSON with a line for each part, so that a change shows where it is."""
    parts = schema["$defs"].items()
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(part, ensure_ascii=False)}" for key, part in parts)
    head = json.dumps({**schema, "$defs": {}}, indent=1, ensure_ascii=False).removesuffix('"$defs": {}\n}')
    return f'{head}"$defs": {{\n{lines}\n }}\n}}'


def compose() -> str:
    """The page that belongs to the present types."""
    parts = [_HEAD]
    subject = ""
    for page in pages():
        if page.subject != subject:
            subject = page.subject
            parts.append(f"## {subject}")
        parts += _section(page)
    return "\n\n".join(parts) + "\n"


def _section(page: Page) -> Iterator[str]:
    declared = page.declared
    yield f"### {page.name}"
    also = f" Also {_listed(page.names[1:])}." if page.names[1:] else ""
    yield " ".join(part for part in (declared.about, declared.more.replace("\n", " ")) if part) + also
    rows = [_row(option, page) for option in page.options if not option.no_effect]
    if rows:
        yield "\n".join(("| option | kind | default | words, other names |", "| --- | --- | --- | --- |", *rows))
    unused = [option.name for option in page.options if option.no_effect]
    if unused:
        yield f"Without effect here: {_listed(unused)}."
    yield "\n".join(_facts(page))


def _row(option: Option, page: Page) -> str:
    shown = f"`{option.name}1` …" if option.numbered else f"`{option.name}`"
    if is_required(option, page.declared):
        shown = f"**{shown}**"
    more = [_listed(option.choices)] if option.choices else []
    more += [f"or {_listed(option.also)}"] if option.also else []
    default = "" if option.default in (None, "", ANY_VALUE) else f"`{json.dumps(option.default, ensure_ascii=False)}`"
    return f"| {shown} | {option.kind} | {default} | {'; '.join(more)} |".replace("  ", " ")


def _facts(page: Page) -> Iterator[str]:
    declared = page.declared
    either = [" or ".join(f"`{name}`" for name in each.split("|")) for each in declared.needs if "|" in each]
    if either:
        yield f"* Needs {', and '.join(either)}."
    if declared.extra:
        yield f"* Needs a robot that was installed with `casare-cloud[{declared.extra}]`."
    if declared.any_option or declared.any_port:
        yield "* Takes options and inputs that only the workflow knows."
    outputs = _listed(page.outputs) + (" and what only the workflow knows" if declared.any_output else "")
    yield f"* Outputs: {outputs.removeprefix('none and ') or 'none'}." + (
        f" Exits: {_listed(page.exits)}." if page.exits else ""
    )
    if page.errors:
        yield "* Errors: " + "; ".join(f"`{kind}` ({why})" for kind, why in page.errors) + "."
    if page.example is not None:
        note = " (needs a server or a file)" * page.example.needs_network
        note += " (only with `--allow-scripts`)" * page.example.needs_scripts
        it = {key: value for key, value in page.example.it.items() if key in ("type", "config")}
        yield f"* Example{note}: `{json.dumps(it, ensure_ascii=False)}`"


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
