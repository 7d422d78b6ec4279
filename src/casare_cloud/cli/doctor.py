"""`casare-cloud doctor`: look at everything that can be wrong, and say how it is mended."""

import asyncio
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from casare_cloud.cli.calls import AsJson
from casare_cloud.cli.db_connection import DatabaseUrl
from casare_cloud.cli.output import errors_as_sentences, fail, print_json, say


def doctor(
    database_url: DatabaseUrl = None,
    as_json: AsJson = False,
    shows_all: Annotated[
        bool, typer.Option("--all", "-a", help="Print what is right and what could not be looked at, too.")
    ] = False,
) -> None:
    """Look at this machine, the stack, the settings and the database, and say how each fault is mended.

    Nothing is changed. Exit code 1 when there is a fault; a warning alone is none. What the owner of the database sees
    is looked at on the local stack, or with --database-url.

    Examples: casare-cloud doctor · casare-cloud doctor --all · casare-cloud doctor --json
    """
    from casare_cloud.cli import doctor_database  # noqa: F401 - importing it adds its checks
    from casare_cloud.cli.db_connection import find_owner_url
    from casare_cloud.cli.doctor_checks import FAULT, OK, UNSEEN, WARNING, examine
    from casare_cloud.cli.doctor_facts import collect

    if sys.platform == "win32":  # files are locked in a way that Windows has not
        fail("The stack, this doctor and profiles are not supported on Windows: use Linux, macOS or WSL.")
    with errors_as_sentences():
        results = list(examine(asyncio.run(collect(database_url or find_owner_url()))))
    counts = {state: sum(result.state == state for result in results) for state in (FAULT, WARNING, UNSEEN, OK)}
    if as_json:
        print_json([asdict(result) for result in results])
    else:
        for result in results:
            if result.state in (FAULT, WARNING) or shows_all:
                say(f"{result.state:<14} {result.check:<20} {result.says}".rstrip())
                if result.fix:
                    say(f"{'':<14} {'':<20} → {result.fix}")
        counted = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        say(f"{len(results)} checks: {counted}.")
    if counts[FAULT]:
        raise SystemExit(1)
