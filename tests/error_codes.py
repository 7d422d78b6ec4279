"""Finds every error code in the code: what SQL and Python answer, and what the record of a failed job says."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "casare_cloud"
# What people's programs and robots meet; the emulators answer with the codes of what they stand for.
ANSWERING = (
    "faces",
    "domain",
    "client",
    "engine",
    "gateway/app.py",
    "gateway/dashboards",
    "robot",
    "database",
    "errors.py",
    "http.py",
    "http_errors.py",
    "identity.py",
    "key_ring.py",
)
# A text that only looks like a code: the name of a setting, or an argument of such a call.
SETTINGS = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE))
NO_ERRORS = {"get", "getattr", "hasattr", "choice"}
STATUSES = {
    "ApiError": None,
    "HTTPException": None,
    "InvalidArgument": 400,
    "AuthenticationFailed": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "Conflict": 409,
    "Unavailable": 503,
}

_CODE = re.compile(r"[A-Z]+(_[A-Z]+)*")
_LONG_CODE = re.compile(r"[A-Z]+(_[A-Z]+)+")
RAISED = re.compile(r"raise_error\(\s*(\d{3}),\s*'([A-Z_]+)'")

Found = dict[str, set[int]]


def in_sql() -> Found:
    """Every code under `sql/` with the statuses that it is raised with; those that are not raised have none."""
    found: Found = defaultdict(set)
    for file in sorted((ROOT / "sql").rglob("*.sql")):
        text = re.sub(r"--.*", "", file.read_text())
        for status, code in RAISED.findall(text):
            found[code].add(int(status))
        kept = re.search(r"'code', 'PT(\d{3})'", text)
        for code in re.findall(r"'([A-Z]+(?:_[A-Z]+)+)'", text):
            found[code] |= {int(kept[1])} if kept and code not in found else set()
    return found


def in_python(source: Path = SOURCE) -> Found:
    """Every code in the Python that answers or asks, likewise."""
    trees = {file: ast.parse(file.read_text()) for name in ANSWERING for file in _files(source, name)}
    statuses = _statuses(trees.values())
    found: Found = defaultdict(set)
    for tree in trees.values():
        for code, status in _codes(tree, statuses):
            if code not in SETTINGS:
                found[code] |= {status} if status else set()
    return found


def of_failed_jobs() -> set[str]:
    """Every word that a robot of ours gives as `error_type` to a job that fails."""
    found = set()
    for file in sorted((SOURCE / "robot").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ClassDef) and node.name != "WorkflowError" and file.name == "errors.py":
                found.add(node.name)
            elif isinstance(node, ast.Call):
                given = [keyword.value for keyword in node.keywords if keyword.arg == "error_type"]
                given += node.args[1:2] if ast.unparse(node.func) == "Failure.of" else []
                found |= {value.value for value in given if isinstance(value, ast.Constant)}
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("error_type)"):
                found.add(ast.literal_eval(node.value.elts[-1]))  # type: ignore[attr-defined]
    return found


def _files(source: Path, name: str) -> list[Path]:
    return sorted((source / name).rglob("*.py")) if (source / name).is_dir() else sorted(source.glob(f"{name}*"))


def _statuses(trees: Iterable[ast.Module]) -> dict[str, int | None]:
    """The status of each error class: its own, or that of the class that it derives from."""
    statuses: dict[str, int | None] = dict(STATUSES)
    classes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in range(3):  # as deep as they derive from each other
        for node in classes:
            bases = [base.id for base in node.bases if isinstance(base, ast.Name) and base.id in statuses]
            if bases and node.name not in STATUSES:
                own = [_status(call) for call in ast.walk(node) if isinstance(call, ast.Call) and _is_init(call)]
                statuses[node.name] = next(filter(None, own), statuses[bases[0]])
    return statuses


def _codes(tree: ast.Module, statuses: dict[str, int | None]) -> Iterator[tuple[str, int | None]]:
    owner: dict[ast.AST, str] = {}
    about_settings: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            owner |= dict.fromkeys(ast.walk(node), node.name)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in NO_ERRORS:
            about_settings |= {*node.args, *(keyword.value for keyword in node.keywords)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = owner.get(node, "") if _is_init(node) else ast.unparse(node.func)
            if name in statuses:
                for code in _texts(node.args + [keyword.value for keyword in node.keywords]):
                    yield code, _status(node) or statuses[name]
        elif isinstance(node, ast.FunctionDef) and node.name == "__init__" and owner.get(node) in statuses:
            for code in _texts(node.args.defaults):
                yield code, statuses[owner[node]]
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, int):
                    yield from ((code, key.value) for code in _texts([value]))
        elif (
            isinstance(node, ast.Constant)
            and node not in about_settings
            and isinstance(node.value, str)
            and _LONG_CODE.fullmatch(node.value)
        ):
            yield node.value, None


def _is_init(call: ast.Call) -> bool:
    return ast.unparse(call.func) == "super().__init__"


def _status(call: ast.Call) -> int | None:
    first = call.args[0] if call.args else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, int) else None


def _texts(nodes: list[ast.expr]) -> list[str]:
    nodes = [part for node in nodes for part in (node.values if isinstance(node, ast.BoolOp) else [node])]
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [value for value in values if isinstance(value, str) and len(value) > 1 and _CODE.fullmatch(value)]
