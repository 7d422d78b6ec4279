"""How commands call the service: with a signed-in client, and what a person can mend is one sentence."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli.output import errors_as_sentences

if TYPE_CHECKING:
    from casare_cloud.client import Client

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
AlsoJson = Annotated[bool, typer.Option("--json", help="It is JSON in any case.")]
IsSure = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def confirmed(is_sure: bool, question: str) -> None:
    """Ask before what cannot be undone, unless `--yes` was given; anything but yes ends the command with 1."""
    if not is_sure:
        typer.confirm(question, abort=True, err=True)


def run(work: "Callable[[Client], Awaitable[Any]]") -> Any:
    """Do the work with a signed-in client."""
    from casare_cloud.cli.session import signed_in

    async def call() -> Any:
        async with await signed_in() as client:
            return await work(client)

    with errors_as_sentences():
        return asyncio.run(call())


def call_client(method: str, *arguments: Any, **options: Any) -> Any:
    """One call of the signed-in client; options that are None are left out."""
    given = {name: value for name, value in options.items() if value is not None}
    return run(lambda client: getattr(client, method)(*arguments, **given))
