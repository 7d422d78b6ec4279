"""`casare-cloud stack logs`: what the parts of the local stack wrote."""

import time
from contextlib import suppress
from typing import Annotated

import typer

from casare_cloud.cli.output import fail, say
from casare_cloud.printing import one_line

app = typer.Typer(help="Look into the local stack.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look into the local stack."""


@app.command("logs")
def stack_logs(
    part: Annotated[str | None, typer.Argument(help="orchestrator, platform …; none: all.", metavar="PART")] = None,
    last: Annotated[int, typer.Option("--last", min=1, max=100_000, help="So many lines of each.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print what the parts of the local stack logged, each line with the part's name.

    Example: casare-cloud stack logs orchestrator --follow
    """
    from casare_cloud.local.state import StateFolder

    folder = StateFolder.default().logs
    files = sorted(folder.glob("*.log")) if folder.is_dir() else []
    if not files:
        fail(f"There are no logs in {folder}. Start a stack with `casare-cloud up`.", 3)
    chosen = [file for file in files if part in (None, file.stem)]
    if not chosen:
        fail(f"There is no part {part}: {', '.join(file.stem for file in files)}.", 2)
    width = max(len(file.stem) for file in chosen)
    ends: dict[str, int] = {}
    for file in chosen:
        content = file.read_bytes()
        ends[file.name] = len(content)
        for line in content.decode(errors="replace").splitlines()[-last:]:
            say(f"{file.stem:<{width}}  {one_line(line)}")
    with suppress(KeyboardInterrupt):
        while follow:
            time.sleep(0.5)
            for file in chosen:
                with file.open("rb") as stream:
                    if stream.seek(0, 2) < ends[file.name]:
                        ends[file.name] = 0  # a new start began it anew
                    stream.seek(ends[file.name])
                    whole = stream.read()
                whole = whole[: whole.rfind(b"\n") + 1]
                ends[file.name] += len(whole)
                for line in whole.decode(errors="replace").splitlines():
                    say(f"{file.stem:<{width}}  {one_line(line)}")
