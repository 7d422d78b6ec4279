"""`casare-cloud import …`: what other installations hold, brought into the tenant."""

from pathlib import Path
from typing import Annotated

import typer

from casare_cloud.cli.calls import AsJson, run
from casare_cloud.cli.output import print_json, say

app = typer.Typer(help="Bring in what an installation of another product holds.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


@app.command("casare")
def import_casare(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, readable=True, help="Of the installation.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import workflows, schedules, robots and their tokens of a CasareRPA installation.

    Read are, anywhere in FOLDER: workflow files, workflows.json, schedules.json and robots.json of the orchestrator's
    local storage, the robots' YAML files, and ROBOT_TOKENS in .env files. For each it says what will not run here and
    why. No job is queued. A second import makes nothing twice: a workflow that has changed gets its next version;
    schedules and robots that are there stay as they are. Ends with 1 when something was refused.

    Example: casare-cloud import casare ~/.casare_rpa --dry-run
    """
    from casare_cloud.cli.importing.importer import Importer
    from casare_cloud.cli.importing.installation import read_installation

    installation = read_installation(folder)
    entries = run(lambda client: Importer(client, installation, is_dry=dry_run).run())
    if as_json:
        print_json([entry.to_json() for entry in entries])
    else:
        for entry in entries:
            say(entry.text)
        counts = {
            word: sum(entry.outcome == word for entry in entries) for entry in entries for word in [entry.outcome]
        }
        summary = ", ".join(f"{count} {word}" for word, count in counts.items()) or "nothing to import"
        say(f"{'Nothing was changed. ' if dry_run else ''}{summary}.")
    if any(entry.outcome == "refused" for entry in entries):
        raise typer.Exit(1)
