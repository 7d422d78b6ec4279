"""`casare-cloud keys …`: keys of programs (`sk_live_…`) and of robots (`crpa_…`)."""

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.calls import AsJson, IsSure, call_client, confirmed, run
from casare_cloud.cli.output import Columns, fail, note, print_answer, print_json, print_list, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

app = typer.Typer(help="List, make, revoke and rotate API keys.", no_args_is_help=True)


class Kind(StrEnum):
    """Whose key."""

    service = "service"
    robot = "robot"


OfKind = Annotated[Kind, typer.Option("--kind", help="service: of a program (sk_live_…); robot: of a robot (crpa_…).")]

KeyName = Annotated[str, typer.Argument(help="Its name or id.", metavar="KEY")]


@app.command("list")
def list_keys(
    kind: OfKind = Kind.service,
    limit: Annotated[int, typer.Option("--limit", min=1, max=500)] = 100,
    as_json: AsJson = False,
) -> None:
    """List keys, newest first. What a key is, is shown only when it is made.

    Example: casare-cloud keys list --kind robot
    """
    answer = call_client("list_keys", kind.value, limit=limit)
    own: Columns = {"robot": "robot_id"} if kind is Kind.robot else {"scopes": lambda row: ", ".join(row["scopes"])}
    columns: Columns = {
        "key": "api_key_id",
        "name": "name",
        "begins": "prefix",
        "status": "status",
        **own,
        "expires": "expires_at",
        "last used": "last_used_at",
    }
    print_list(answer, as_json, answer["keys"], columns)


@app.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="A name for people.")],
    kind: OfKind = Kind.service,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="What a program may do, e.g. jobs.create or jobs.*; repeat.")
    ] = None,
    robot_id: Annotated[
        str | None,
        typer.Option(
            "--robot-id",
            help="Whose key, also of a robot that is not there yet; default: the first to register with it.",
        ),
    ] = None,
    expires_at: Annotated[str | None, typer.Option("--expires-at", help="ISO 8601, e.g. 2027-01-01T00:00:00Z.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it. It is not shown again.

    Examples: casare-cloud keys create nightly --scope jobs.create · casare-cloud keys create "Line 3" --kind robot
    """
    if kind is Kind.service:
        if not scope or robot_id:
            fail("A service key needs --scope, at least once, and belongs to no robot.", 2)
        answer = call_client("create_service_key", name, scope, expires_at)
    else:
        if scope:
            fail("A robot's key has no scopes: leave --scope out.", 2)
        answer = call_client("create_robot_api_key", name, robot_id, expires_at)
    _show(answer, as_json)


@app.command("revoke")
def revoke_key(key: KeyName, kind: OfKind = Kind.service, is_sure: IsSure = False, as_json: AsJson = False) -> None:
    """End a key at once, and every token that was made with it.

    Example: casare-cloud keys revoke nightly
    """

    confirmed(is_sure, f"Revoke the key {key}? What uses it is refused at once, and it cannot be brought back.")

    async def end(client: "Client") -> Any:
        return await client.revoke_key(await naming.key_id(client, key, kind.value), kind.value)

    answer = run(end)
    print_answer(answer, as_json, f"{answer['name']} ({answer['prefix']}…) is revoked.")


@app.command("rotate")
def rotate_key(
    key: KeyName,
    kind: OfKind = Kind.service,
    overlap_seconds: Annotated[
        int, typer.Option("--overlap-seconds", min=0, max=604800, help="How long the old key goes on working.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Make a key in another's place and print it; the old one ends after the overlap.

    Example: casare-cloud keys rotate nightly --overlap-seconds 3600
    """

    async def renew(client: "Client") -> Any:
        key_id = await naming.key_id(client, key, kind.value)
        return await client.rotate_key(key_id, kind.value, overlap_seconds)

    _show(run(renew), as_json)


@app.command("import-robot-tokens")
def import_robot_tokens(
    tokens: Annotated[
        str | None,
        typer.Option("--tokens", envvar="ROBOT_TOKENS", help="robot-id:sha256 pairs, with commas between them."),
    ] = None,
) -> None:
    """Let tokens that robots use already work in this tenant. A robot that is not there is made.

    Robots go on sending them, to an orchestrator with ROBOT_AUTH_ENABLED=true. Idempotent.

    Example: ROBOT_TOKENS=robot-001:9f86d0…,robot-002:60303a… casare-cloud keys import-robot-tokens
    """
    pairs = pairs_of(tokens or "")
    if not pairs:
        fail("Give --tokens, or set ROBOT_TOKENS: robot-id:sha256 pairs, with commas between them.", 2)
    from casare_cloud.errors import ApiError

    async def import_all(client: "Client") -> None:
        for robot_id, sha256 in pairs:
            try:
                await client.import_robot_token(robot_id, sha256)
                say(f"{robot_id}: imported")
            except ApiError as error:
                if error.code != "API_KEY_EXISTS":
                    raise
                say(f"{robot_id}: was there already")

    run(import_all)


def pairs_of(tokens: str) -> list[tuple[str, str]]:
    """(robot id, SHA-256 in hex) for each pair of document 000's ROBOT_TOKENS; ends the command at a malformed one."""
    pairs = []
    for number, item in enumerate((item.strip() for item in tokens.split(",") if item.strip()), 1):
        robot_id, _, sha256 = item.rpartition(":")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", robot_id) or not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
            fail(
                f"Pair {number} of ROBOT_TOKENS is not robot-id:sha256 (64 hexadecimal digits); nothing was imported.",
                2,
            )
        pairs.append((robot_id, sha256))
    return pairs


def _show(answer: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(answer)
    else:
        say(answer["key"])
        note("Keep it: it is not shown again.")
