"""`casare-cloud jobs run` and `jobs submit`: a workflow that is there, or one from a file."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from casare_cloud.cli import naming
from casare_cloud.cli.calls import AsJson, run
from casare_cloud.cli.completing import robot_ids, workflow_names
from casare_cloud.cli.files import STANDARD_INPUT, read_input, read_object
from casare_cloud.cli.following import exit_by_status, follow
from casare_cloud.cli.last_job import keep_last_job
from casare_cloud.cli.output import note, print_json, say

if TYPE_CHECKING:
    from casare_cloud.client import Client

Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-i", help="key=value (JSON, else text), @file with a JSON object, or - for standard input; repeat."
    ),
]
Pool = Annotated[str | None, typer.Option("--pool", help="Robots of this shared pool run it: name or id.")]
Robot = Annotated[
    str | None, typer.Option("--robot", help="Only this robot runs it: its id.", autocompletion=robot_ids)
]
Watch = Annotated[bool, typer.Option("--watch", "-w", help="Follow the job until it is finished.")]
Priority = Annotated[int, typer.Option("--priority", min=0, max=20, help="0 is the most urgent.")]
WorkflowFile = Annotated[
    str, typer.Argument(help="A workflow as JSON (`nodes` or `steps`); - is standard input.", metavar="FILE")
]
WorkflowName = Annotated[
    str | None, typer.Option("--name", help="Default: metadata.name of the file, else the file's name without .json.")
]
WorkflowId = Annotated[
    str | None,
    typer.Option(
        "--workflow",
        help="Store it as the next version of this workflow: name or id. Default: the one of that name.",
        autocompletion=workflow_names,
    ),
]
IsNew = Annotated[bool, typer.Option("--new", help="Store it as a new workflow, also if there is one of that name.")]
Strict = Annotated[
    bool, typer.Option("--strict/--no-strict", help="Refuse a workflow with mistakes, or take it with warnings.")
]


def run_job(
    workflow: Annotated[
        str, typer.Argument(help="The workflow's name or id.", metavar="NAME", autocompletion=workflow_names)
    ],
    inputs: Inputs = None,
    capability: Annotated[
        list[str] | None, typer.Option("--capability", help="Only robots that have it; repeat for more.")
    ] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="Only robots with this label; repeat.")] = None,
    env: Annotated[str | None, typer.Option("--env", help="Only robots of this environment.")] = None,
    robot: Robot = None,
    pool: Pool = None,
    priority: Priority = 10,
    run_at: Annotated[str | None, typer.Option("--run-at", help="Not before this time (ISO 8601).")] = None,
    timeout: Annotated[
        int | None, typer.Option("--timeout", min=1, max=604800, help="Seconds for each attempt; default: 3600.")
    ] = None,
    retries: Annotated[
        int | None, typer.Option("--retries", min=0, max=99, help="How often it is tried again; default: 2.")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Concurrency key: jobs with it share the limit that is set for it.")
    ] = None,
    dedupe_key: Annotated[
        str | None,
        typer.Option("--dedupe-key", help="While a job with this key is unfinished, that job is the answer."),
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="This version of it; default: the current one.")
    ] = None,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Run a workflow that is there, once.

    Examples: casare-cloud jobs run invoices --input month=2 --watch · casare-cloud workflows run invoices ·
    echo '{"rows": [1, 2]}' | casare-cloud jobs run invoices --input - --capability excel --retries 5
    """
    options = {
        "required_capabilities": capability,
        "required_tags": tag,
        "environment": env,
        "robot_id": robot,
        "pool": pool,
        "priority": priority,
        "run_at": run_at,
        "timeout_seconds": timeout,
        "max_attempts": None if retries is None else retries + 1,
        "concurrency_key": key,
        "dedupe_key": dedupe_key,
        "version": version,
    }
    given = {name: value for name, value in options.items() if value is not None}
    job_input = read_input(inputs)

    async def work(client: "Client") -> dict[str, Any]:
        made = await client.create_job(workflow, job_input, **given)  # type: ignore[arg-type]
        return await _told(client, made, watch=watch, as_json=as_json)

    answer = run(work)
    if as_json:
        print_json(answer)
    exit_by_status(answer if watch else {})


def submit(
    file: WorkflowFile,
    name: WorkflowName = None,
    inputs: Inputs = None,
    priority: Priority = 10,
    pool: Pool = None,
    robot: Robot = None,
    workflow: WorkflowId = None,
    is_new: IsNew = False,
    strict: Strict = True,
    watch: Watch = False,
    as_json: AsJson = False,
) -> None:
    """Store the workflow in FILE, as the next version of the one of its name if there is one, and run it once.

    Examples: casare-cloud jobs submit examples/basket.json --watch · casare-cloud jobs submit hello.json --new
    """
    definition = read_object(file)
    job_input = read_input(inputs)

    async def work(client: "Client") -> dict[str, Any]:
        more: dict[str, Any] = {"priority": priority, "pool": pool, "robot_id": robot, "input": job_input or None}
        made = await store(client, file, definition, name=name, workflow=workflow, is_new=is_new, strict=strict, **more)
        if not (watch or as_json):
            say(made["message"])
        return await _told(client, made, watch=watch, as_json=as_json)

    answer = run(work)
    if as_json:
        print_json(answer)
    exit_by_status(answer if watch else {})


async def store(
    client: "Client",
    file: str,
    definition: dict[str, Any],
    *,
    name: str | None,
    workflow: str | None,
    is_new: bool,
    strict: bool,
    **more: Any,
) -> dict[str, Any]:
    """Store a workflow: as the next version of the one that is named, or of its name; as a new one otherwise."""
    wanted = name or name_of(file, definition)
    found = None if is_new else await naming.newest_workflow_id(client, workflow or wanted)
    if workflow and not found:
        found = await naming.workflow_id(client, workflow)
    if workflow and found and not name:  # it keeps its own, whatever the file is called
        wanted = (await client.get_workflow(found))["workflow_name"]
    given = {key: value for key, value in {**more, "workflow_id": found}.items() if value is not None}
    return await client.submit_workflow(wanted, definition, strict=strict, **given)


def name_of(file: str, definition: dict[str, Any]) -> str:
    """What a workflow is called that nobody named: by its metadata, else by its file."""
    metadata = definition.get("metadata")
    named = metadata.get("name") if isinstance(metadata, dict) else None
    if isinstance(named, str) and named.strip():
        return named
    if file == STANDARD_INPUT:
        return "workflow"
    return file.replace("\\", "/").rpartition("/")[2].removesuffix(".json")


async def _told(client: "Client", made: dict[str, Any], *, watch: bool, as_json: bool) -> dict[str, Any]:
    """Say which job was made, and follow it if that is wanted."""
    keep_last_job(str(made["job_id"]))
    if watch or not as_json:
        show_warnings(made)
    if not as_json:
        say(f"job {made['job_id']}")
    return await follow(client, str(made["job_id"]), as_json) if watch else made


def show_warnings(made: dict[str, Any]) -> None:
    """Say on standard error what the service found strange in a request."""
    for warning in made.get("warnings", ()):
        note(f"warning: {warning}")
