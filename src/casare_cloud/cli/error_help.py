"""`casare-cloud help`: what an error code means."""

from typing import Annotated

import typer

from casare_cloud import error_codes
from casare_cloud.cli.calls import AsJson
from casare_cloud.cli.output import fail, print_json, print_table, say


def explain_code(
    code: Annotated[
        str | None, typer.Argument(help="An error code, such as LEASE_LOST; without one all are listed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what an error code means, why it happens and what to do next.

    Example: casare-cloud help LEASE_LOST
    """
    if code is None:
        _list(as_json)
        return
    entry = error_codes.find(code)
    if entry is None:
        names = error_codes.near(code)
        meant = (
            f"did you mean {' or '.join(names)}?"
            if names
            else "`casare-cloud help` lists all, and COMMAND --help explains a command."
        )
        fail(f"There is no error code {code.strip()[:64]}; {meant}", code=2)
    if as_json:
        print_json(_to_json(entry))
        return
    say(f"{entry.code} ({entry.status})" if entry.statuses else entry.code)
    say(f"what it means: {entry.means}")
    say(f"why it happens: {entry.why}")
    say(f"what to do: {entry.next_step}")


def _list(as_json: bool) -> None:
    if as_json:
        print_json([_to_json(entry) for entry in error_codes.all_codes().values()])
        return
    for title, entries in error_codes.subjects().items():
        say(f"{title}\n")
        print_table(("code", "status", "what it means"), [(e.code, e.status, e.means) for e in entries])
        say("")


def _to_json(entry: error_codes.ErrorCode) -> dict[str, object]:
    return {
        "code": entry.code,
        "statuses": entry.statuses,
        "means": entry.means,
        "why": entry.why,
        "next_step": entry.next_step,
    }
