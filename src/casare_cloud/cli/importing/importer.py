"""Brings an installation into the tenant, and says of each part what became of it."""

import json
from collections.abc import Awaitable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from casare_cloud.cli.importing.installation import Found, Installation
from casare_cloud.cli.importing.schedules import NotTaken, translate
from casare_cloud.client import Client
from casare_cloud.engine.stored_workflows import EXTERNAL_ID
from casare_cloud.errors import ApiError
from casare_cloud.http import is_transient
from casare_cloud.robot.executor.check import find_workflow_problems
from casare_cloud.robot.executor.problems import Problem

Kind = Literal["workflow", "robot", "token", "schedule", "trigger", "file"]
Outcome = Literal["new", "changed", "unchanged", "refused", "left behind"]
_Said = tuple[Outcome, str | None, list[str]]  # the outcome, the id here, the reasons
_ROBOT_FIELDS = ("environment", "max_concurrent_jobs", "tags", "capabilities")


@dataclass
class Entry:
    """What became of a part of the installation; `id` is the one it has here, `reasons` what will not run and why."""

    kind: Kind
    name: str
    place: str
    outcome: Outcome
    id: str | None = None
    reasons: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """A line, and one for each reason."""
        head = f"{self.kind:<9} {self.outcome:<11} {self.name}  ({self.place})"
        return "\n".join([head, *(f"{'':<22}{reason}" for reason in self.reasons)])

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


@dataclass
class _Stored:
    """A workflow that is here: its id (None in a dry run that would make it), and why it will not run."""

    id: str | None
    place: str
    definition: dict[str, Any]
    errors: list[str]


class Importer:
    """One import. What is here already is found by the id that it has in the installation, kept in the metadata."""

    def __init__(self, client: Client, installation: Installation, *, is_dry: bool) -> None:
        self._client = client
        self._installation = installation
        self._is_dry = is_dry
        self._workflows: dict[str, _Stored] = {}
        self._robots: set[str] = set()

    async def run(self) -> list[Entry]:
        """Import workflows, robots, tokens and schedules, in this order; raise when the orchestrator is away."""
        entries = [
            Entry("file", place, place, "left behind", None, [reason]) for place, reason in self._installation.remarks
        ]
        here = {
            row["metadata"][EXTERNAL_ID]: row["workflow_id"]
            async for row in self._client.iterate(self._client.list_workflows, limit=500)
            if isinstance(row["metadata"].get(EXTERNAL_ID), str)
        }
        for found in self._installation.workflows:
            entries.append(await self._attempt("workflow", found, self._import_workflow(found, here)))
        for found in self._installation.robots:
            entries.append(await self._attempt("robot", found, self._import_robot(found)))
        for found in self._installation.tokens:
            entries.append(await self._attempt("token", found, self._import_token(found)))
        schedules = {
            row["metadata"].get(EXTERNAL_ID): row["schedule_id"]
            async for row in self._client.iterate(self._client.list_schedules, limit=100)
        }
        for found in self._installation.schedules:
            entries.append(await self._attempt("schedule", found, self._import_schedule(found, schedules)))
        for found in self._installation.left_behind:
            reason = "triggers are made anew, with an address and a secret of their own: casare-cloud triggers create"
            entries.append(Entry("trigger", found.name, found.place, "left behind", None, [reason]))
        return entries

    async def _attempt(self, kind: Kind, found: Found, work: Awaitable[_Said]) -> Entry:
        """What the work says, or why it was refused. Only a service that is away ends the import."""
        outcome: Outcome = "refused"
        identity: str | None = None
        try:
            outcome, identity, reasons = await work
        except NotTaken as error:
            reasons = [f"{error}."]
        except ApiError as error:
            if is_transient(error) or error.status in (401, 403):
                raise
            reasons = [f"{error.message} ({error.code})"]
        return Entry(kind, found.name, found.place, outcome, identity, reasons)

    # --- workflows ------------------------------------------------------------------------------------------------

    async def _import_workflow(self, found: Found, here: dict[str, str]) -> _Said:
        definition = _definition_of(found)
        if (taken := self._workflows.get(found.id)) is not None:
            if taken.definition != definition:
                raise NotTaken(f"{taken.place} holds another definition of the workflow {found.id}, and that was taken")
            return "unchanged", taken.id, [f"is the same as in {taken.place}."]
        problems = find_workflow_problems(definition)
        errors = [f"will not run: {_sentence(each)}" for each in problems if each.severity == "error"]
        warnings = [_sentence(each) for each in problems if each.severity == "warning"]
        known = here.get(found.id)
        outcome: Outcome = "new"
        if known is not None:
            now = await self._client.get_workflow(known)
            same = (now["workflow_json"], now["workflow_name"]) == (definition, found.name)
            outcome = "unchanged" if same else "changed"
        if outcome != "unchanged" and not self._is_dry:
            options: dict[str, Any] = {"workflow_id": known} if known else {"metadata": _metadata_of(found)}
            known = (await self._client.submit_workflow(found.name, definition, strict=False, run=False, **options))[
                "workflow_id"
            ]
        self._workflows[found.id] = _Stored(known, found.place, definition, errors)
        return outcome, known, errors + warnings

    # --- robots ---------------------------------------------------------------------------------------------------

    async def _import_robot(self, found: Found) -> _Said:
        if found.id in self._robots or await self._is_here(found.id):
            self._robots.add(found.id)
            return "unchanged", found.id, []
        settings = {name: found.data[name] for name in _ROBOT_FIELDS if found.data.get(name)}
        reasons = [found.remark] if found.remark else []
        if not self._is_dry:
            hostname = str(found.data.get("hostname") or "unknown")
            await self._client.register_robot(found.id, found.name, hostname, **settings)
        self._robots.add(found.id)
        return "new", found.id, reasons

    async def _import_token(self, found: Found) -> _Said:
        header = "the orchestrator takes it with ROBOT_AUTH_ENABLED=true."
        if self._is_dry:
            return "new", found.id, [header]
        try:
            await self._client.import_robot_token(found.id, found.data["sha256"])
        except ApiError as error:
            if error.code != "API_KEY_EXISTS":
                raise
            return "unchanged", found.id, []
        self._robots.add(found.id)
        return "new", found.id, [header]

    async def _is_here(self, robot_id: str) -> bool:
        try:
            await self._client.get_robot(robot_id)
        except ApiError as error:
            if error.status != 404:
                raise
            return False
        return True

    # --- schedules ------------------------------------------------------------------------------------------------

    async def _import_schedule(self, found: Found, here: Mapping[Any, str]) -> _Said:
        if found.id in here:
            return "unchanged", here[found.id], []
        workflow = self._workflows.get(str(found.data.get("workflow_id")))
        if workflow is None:
            raise NotTaken(f"its workflow {found.data.get('workflow_id')} is not in the folder, or was refused")
        made = translate(found.data, datetime.now(UTC))
        fields, reasons = made.fields, [f"{remark}." for remark in made.remarks]
        robot_id = fields["robot_id"]
        if robot_id and robot_id not in self._robots and not await self._is_here(robot_id):
            raise NotTaken(f"its robot {robot_id} is neither here nor in the folder")
        if workflow.errors and fields["enabled"]:
            fields["enabled"] = False
            reasons.append("is disabled here, as its workflow will not run: casare-cloud schedules enable")
        if self._is_dry:
            times = {name: value for name, value in fields.items() if name not in ("robot_id", "enabled", "priority")}
            await self._client.simulate_schedule(times.pop("cron_expression", None), count=1, **times)
            return "new", None, reasons
        assert workflow.id is not None
        answer = await self._client.create_schedule(
            workflow.id, found.name, fields.pop("cron_expression", None), **fields, metadata={EXTERNAL_ID: found.id}
        )
        return "new", answer["schedule_id"], reasons


def _sentence(problem: Problem) -> str:
    return f"{problem.sentence} ({problem.path})." if problem.path else f"{problem.sentence}."


def _definition_of(found: Found) -> dict[str, Any]:
    """The graph, wherever the installation keeps it. Raises `NotTaken`."""
    definition = found.data.get("workflow_json") or found.data.get("json_definition")
    try:
        definition = json.loads(definition) if isinstance(definition, str) else definition
    except ValueError as error:
        raise NotTaken(f"its definition is not JSON: {error}") from error
    if not isinstance(definition, dict) or not definition:
        raise NotTaken("it has no definition")
    return definition


def _metadata_of(found: Found) -> dict[str, Any]:
    kept = {name: found.data[name] for name in ("description", "tags") if found.data.get(name)}
    return {**kept, EXTERNAL_ID: found.id}
