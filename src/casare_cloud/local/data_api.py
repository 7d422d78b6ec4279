"""Writes `docs/data-api.md`: the functions of the Data API, as `sql/` defines them and comments on them."""

import re
from pathlib import Path

PATH = "docs/data-api.md"
_HEAD = """# The functions of the Data API

`POST <SUPABASE_URL>/rest/v1/rpc/<function>` with the arguments as a JSON object, and with the headers `apikey` (the
publishable key) and `Authorization: Bearer <token>`: a user's access token, or a robot's from
`POST /robots/{id}/token` ([robots](robots.md)). Arguments with a default may be left out. A refusal has its status, the
code in `details` and the sentence in `message` ([errors](errors.md)); `PGRST202` says that no function of that name
takes arguments of these names.

Who may call what is decided in the function: a comment ends with the permission that it needs.

This page is made by `make contents` from `sql/`."""
_FUNCTION = re.compile(
    r"^create or replace function public\.(?P<name>\w+)\((?P<arguments>.*?)\)\s*returns\s+(?P<returns>.*?)\s*^language",
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r"^comment on function public\.(?P<name>\w+)[^']*? is\s+'(?P<text>(?:[^']|'')*)'", re.MULTILINE)
_CALLER = re.compile(r"^grant execute on function public\.(?P<name>\w+)\b[^;]*? to (?P<roles>[\w, ]+);", re.MULTILINE)
_CALLERS = {"authenticated", "anon"}


def compose(root: Path) -> str:
    """The document that belongs to the present state of `sql/`."""
    parts = [_HEAD]
    for chapter in sorted(path for path in (root / "sql").iterdir() if path.is_dir()):
        entries = [_entry(file.read_text()) for file in sorted((chapter / "functions").glob("*.sql"))]
        if found := [entry for entry in entries if entry]:
            title = chapter.name.partition("_")[2].replace("_", " ")
            parts += [f"## {title[0].upper()}{title[1:]}", *found]
    return "\n\n".join(parts) + "\n"


def _entry(text: str) -> str | None:
    """What the page says of a file's function; None when the Data API may not call it."""
    callers = {role.strip() for match in _CALLER.finditer(text) for role in match["roles"].split(",") if match["name"]}
    function, comment = _FUNCTION.search(text), _COMMENT.search(text)
    if not callers & _CALLERS or function is None or comment is None:
        return None
    lines = [f"### {function['name']}", re.sub(r"\s+", " ", comment["text"].replace("''", "'"))]
    if arguments := [_argument(line) for line in function["arguments"].splitlines() if line.strip()]:
        lines.append("\n".join(argument for several in arguments for argument in several))
    lines.append(f"Answers `{_one_line(function['returns'])}`.")
    return "\n\n".join(lines)


def _argument(line: str) -> list[str]:
    """An item for each argument in a line, with its remark."""
    code, _, remark = line.partition("--")
    items = [item.strip() for item in re.split(r",(?![^(]*\))", code) if item.strip()]
    said = f": {remark.strip()}" if remark.strip() else ""
    return [f"* `{_one_line(item)}`{said}" for item in items]


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"--.*", "", text)).strip()
