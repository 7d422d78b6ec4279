"""Reads the folder of a CasareRPA installation: its own formats, and nothing of the cloud."""

import hashlib
import importlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

MOST_FILE_BYTES = 50 * 2**20
IDENTITY = "robot_identity.json"
LISTS = ("workflows", "schedules", "robots", "triggers", "jobs")  # of the orchestrator's local storage
_PASSED_OVER = {"node_modules", ".git", ".venv", "__pycache__"}


@dataclass(frozen=True)
class Found:
    """Something of the installation: its id there, the file that holds it, and what else is to be done (`remark`)."""

    id: str
    name: str
    place: str
    data: Mapping[str, Any]
    remark: str | None = None


@dataclass
class Installation:
    """All that was found; `remarks` say which files could not be read, and why: (file, sentence)."""

    workflows: list[Found] = field(default_factory=list)
    schedules: list[Found] = field(default_factory=list)
    robots: list[Found] = field(default_factory=list)
    tokens: list[Found] = field(default_factory=list)  # robot's id, `data["sha256"]`
    left_behind: list[Found] = field(default_factory=list)  # triggers
    remarks: list[tuple[str, str]] = field(default_factory=list)


def read_installation(folder: Path) -> Installation:
    """Whatever the files of the folder, and of those in it, hold."""
    found = Installation()
    for path in _files(folder):
        place = path.relative_to(folder).as_posix()
        try:
            if path.stat().st_size > MOST_FILE_BYTES:
                found.remarks.append((place, "is larger than 50 MB"))
            elif path.suffix == ".json":
                _read_json(found, place, json.loads(path.read_text("utf-8-sig")))
            elif path.suffix in (".yaml", ".yml"):
                _read_yaml(found, place, path.read_text("utf-8-sig"), _identity_beside(path))
            else:
                _read_env(found, place, path.read_text("utf-8-sig"), _identity_beside(path))
        except (OSError, ValueError, RecursionError) as error:
            found.remarks.append((place, f"cannot be read: {error}"))
    found.robots = _merged(found.robots)
    return found


def _merged(robots: list[Found]) -> list[Found]:
    """Each robot once: its program's files say different things of it, and the first that says one is right."""
    once: dict[str, Found] = {}
    for robot in robots:
        known = once.setdefault(robot.id, robot)
        if known is not robot:
            once[robot.id] = replace(
                known,
                name=robot.name if known.name == known.id else known.name,
                place=f"{known.place}, {robot.place}",
                data={**robot.data, **{name: value for name, value in known.data.items() if value}},
            )
    return list(once.values())


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_read = path.suffix in (".json", ".yaml", ".yml", ".env") or path.name == ".env"
        if is_read and path.is_file() and not _PASSED_OVER & set(path.relative_to(folder).parts):
            yield path


def _identity_beside(path: Path) -> Mapping[str, Any]:
    """Who the robot whose settings these are says that it is: its program makes up an id and keeps it in a file."""
    try:
        content = json.loads(path.with_name(IDENTITY).read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}  # none, or the file itself is told of
    return content if isinstance(content, dict) else {}


def _id_of(identity: Mapping[str, Any]) -> str | None:
    said = identity.get("fleet_robot_id") or identity.get("worker_robot_id")
    return str(said) if said else None


def _read_json(found: Installation, place: str, content: Any) -> None:
    stem = Path(place).stem
    if isinstance(content, list) and stem in LISTS:
        for number, row in enumerate(content, 1):
            if isinstance(row, dict) and row.get("id"):
                _take_row(found, stem, Found(str(row["id"]), str(row.get("name") or row["id"]), place, row))
            elif stem != "jobs":
                found.remarks.append((place, f"row {number} has no id"))
        if stem == "jobs" and content:
            found.remarks.append((place, "holds the history of jobs, which stays where it is"))
    elif isinstance(content, dict) and Path(place).name == IDENTITY and (robot_id := _id_of(content)):
        found.robots.append(Found(robot_id, str(content.get("fleet_robot_name") or robot_id), place, {}))
    elif isinstance(content, dict) and "workflow_json" in content:
        name = str(content.get("workflow_name") or stem)
        found.workflows.append(Found(str(content.get("workflow_id") or f"file:{place}"), name, place, content))
    elif isinstance(content, dict) and ("nodes" in content or "steps" in content):
        metadata = content["metadata"] if isinstance(content.get("metadata"), dict) else {}
        name = str(metadata.get("name") or content.get("name") or stem)
        said = metadata.get("id") or content.get("workflow_id") or content.get("id")
        found.workflows.append(Found(str(said or f"file:{place}"), name, place, {"workflow_json": content}))
    elif isinstance(content, dict) and isinstance(content.get("base_workflow"), dict):
        name = str(content.get("name") or stem)
        data = {**content, "workflow_json": _of_template(content)}
        found.workflows.append(Found(str(content.get("id") or f"file:{place}"), name, place, data))
    else:
        found.remarks.append((place, "holds no workflow, and no list of the orchestrator's storage"))


def _of_template(content: Mapping[str, Any]) -> dict[str, Any]:
    """The workflow of a template, which declares its variables beside it."""
    declared = content.get("default_variables")
    rows = [row for row in declared if isinstance(row, dict) and row.get("name")] if isinstance(declared, list) else []
    workflow = dict(content["base_workflow"])
    own = workflow.get("variables")
    workflow["variables"] = {str(row["name"]): row for row in rows} | (own if isinstance(own, dict) else {})
    return workflow


def _take_row(found: Installation, kind: str, row: Found) -> None:
    if kind == "workflows":
        found.workflows.append(row)
    elif kind == "schedules":
        found.schedules.append(row)
    elif kind == "robots":
        found.robots.append(row)
    elif kind == "triggers":
        found.left_behind.append(row)


def _read_yaml(found: Installation, place: str, text: str, identity: Mapping[str, Any]) -> None:
    """A robot's file has `robot` with an id or a name, and the token with which it reports to its orchestrator.

    The id may be in the file of its identity.
    """
    if not re.search(r"^robot:", text, re.MULTILINE):
        return
    try:
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        found.remarks.append((place, "is not read: YAML needs the extra casare (pip install 'casare-cloud[casare]')"))
        return
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
    robot = content.get("robot") if isinstance(content, dict) else None
    if not isinstance(robot, dict) or not (robot.get("id") or robot.get("name")):
        found.remarks.append((place, "robot has neither id nor name"))
        return
    said = robot.get("id") or _id_of(identity)
    robot_id = str(said or robot["name"])
    remark = None if said else f"its files say no id: its program must be told CASARE_ROBOT_ID={robot_id}."
    parts = {name: part for name, part in content.items() if isinstance(part, dict)}
    slots = robot.get("max_concurrent_jobs") or parts.get("execution", {}).get("max_concurrent_jobs")
    data = {**robot, "max_concurrent_jobs": slots}
    found.robots.append(Found(robot_id, str(robot.get("name") or robot_id), place, data, remark))
    orchestrator = parts.get("orchestrator", {})
    _take_token(found, place, robot_id, orchestrator.get("api_token") or orchestrator.get("api_key"))


def _take_token(found: Installation, place: str, robot_id: str, token: Any) -> None:
    if not isinstance(token, str) or not token:
        return
    if token.startswith(("${", "<")) or re.fullmatch(r"[A-Z_]+", token):
        found.remarks.append((place, f"the token of {robot_id} is a placeholder"))
        return
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    found.tokens.append(Found(robot_id, robot_id, place, {"sha256": sha256}))


def _read_env(found: Installation, place: str, text: str, identity: Mapping[str, Any]) -> None:
    """An orchestrator's file names the tokens of its robots, a robot's its own id and token."""
    lines = re.findall(r"^\s*(?:export\s+)?(\w+)\s*=[ \t]*(.*?)\s*$", text, re.MULTILINE)
    values = {name: value.strip("\"'") for name, value in lines}
    for pair in values.get("ROBOT_TOKENS", "").split(","):
        robot_id, _, sha256 = pair.strip().rpartition(":")
        if robot_id and re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
            found.tokens.append(Found(robot_id, robot_id, place, {"sha256": sha256.lower()}))
        elif pair.strip():
            found.remarks.append((place, "an entry of ROBOT_TOKENS is no robot-id:sha256 (64 hexadecimal digits)"))
    token = values.get("CASARE_ORCHESTRATOR_API_KEY") or values.get("ORCHESTRATOR_API_KEY")
    if own := values.get("CASARE_ROBOT_ID") or _id_of(identity):
        slots = values.get("CASARE_MAX_CONCURRENT_JOBS", "")
        data = {
            "environment": values.get("CASARE_ENVIRONMENT"),
            "tags": [tag.strip() for tag in values.get("CASARE_ROBOT_TAGS", "").split(",") if tag.strip()],
            "max_concurrent_jobs": int(slots) if slots.isdecimal() else None,
        }
        found.robots.append(Found(own, values.get("CASARE_ROBOT_NAME") or own, place, data))
        _take_token(found, place, own, token)
    elif token:
        found.remarks.append((place, "holds a key of the orchestrator and does not say whose (CASARE_ROBOT_ID)"))
