"""`casare-cloud nodes`: which types of nodes and steps there are, and what each takes, gives and may fail with."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli.calls import AsJson
from casare_cloud.cli.output import fail, print_json, print_table, say

if TYPE_CHECKING:
    from casare_cloud.robot.reference.pages import Page


def nodes(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="A type, or words to look for; none: all.", metavar="[NAME|WORD...]"),
    ] = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of workflows, for editors, and nothing else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the types of nodes and steps, look for one, or print what one takes, gives and may fail with.

    Examples: casare-cloud nodes csv; casare-cloud nodes IfNode
    """
    from casare_cloud.robot.reference.pages import find_page, meant_by, pages, search

    if schema:
        from casare_cloud.robot.reference.schema import workflow_schema

        print_json(workflow_schema())
        return
    if not words:
        _show_list(list(pages()), as_json)
        return
    page = find_page(words[0]) if len(words) == 1 else None
    if page is not None:
        print_json(page.to_json()) if as_json else say("\n".join(_lines(page)))
        return
    found = list(search(" ".join(words)))
    if not found:
        meant = meant_by(words[0])
        fail(f"No type of nodes has {' '.join(words)}" + (f"; did you mean {meant}?" if meant else "."))
    _show_list(found, as_json)


def _show_list(found: "list[Page]", as_json: bool) -> None:
    if as_json:
        print_json([page.to_json() for page in found])
    else:
        print_table(
            ("type", "subject", "what it does"), [(page.name, page.subject, page.declared.about) for page in found]
        )


def _lines(page: "Page") -> list[str]:
    declared = page.declared
    also = f" (also {', '.join(page.names[1:])})" if page.names[1:] else ""
    lines = [f"{page.name}{also}: {declared.about}", *declared.more.splitlines()]
    lines += [f"Needs a robot that was installed with casare-cloud[{declared.extra}]."] if declared.extra else []
    facts = page.to_json()
    lines += ["", "options" if facts["options"] else "no options"]
    lines += [f"  {_option(option)}" for option in facts["options"]]
    lines += [f"  needs one of {each.replace('|', ', ')}" for each in declared.needs if "|" in each]
    if declared.any_option:
        lines.append("  and any other, which only the workflow knows")
    outputs = [*page.outputs, *(["what only the workflow knows"] if declared.any_output else [])]
    lines += ["", f"outputs: {', '.join(outputs) or 'none'}"]
    lines += [f"exits: {', '.join(page.exits)}"] if page.exits else []
    lines += ["", "errors", *(f"  {kind}: {why}" for kind, why in page.errors)] if page.errors else []
    if page.example is not None:
        lines += ["", "an example", *json.dumps(page.example.workflow, indent=2, ensure_ascii=False).splitlines()]
    return lines


def _option(option: dict[str, Any]) -> str:
    facts = [option["kind"], *(["needed"] if option["required"] else [])]
    if option["default"] not in (None, "", "*"):
        facts.append(f"default {json.dumps(option['default'], ensure_ascii=False)}")
    facts += [f"one of {', '.join(option['words'])}"] if option["words"] else []
    facts += [f"also {', '.join(option['also'])}"] if option["also"] else []
    facts += [f"no effect here: {option['no_effect']}"] if option["no_effect"] else []
    return f"{option['name']}: {'; '.join(facts)}"
