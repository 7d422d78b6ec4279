"""Writes the documents that are made from the code: `sql/README.md`, the table of contents of the schema, and
`docs/data-api.md`, the functions of the Data API, from `sql/` itself, `docs/errors.md` from the words on error codes,
`docs/nodes.md` and `docs/workflow.schema.json` from what the types of nodes say of themselves, `llms.txt`, the index
for programs that read documentation, from `docs/README.md`.

    python -m casare_cloud.local.contents          rewrites them; `make contents`
    python -m casare_cloud.local.contents check    says whether they are what the code holds

In `sql/README.md`, a function's line is the first sentence of its comment. What a person wrote there under the title
and under the heading of a chapter stays.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from casare_cloud.error_codes import document as error_document
from casare_cloud.local import data_api
from casare_cloud.local.schema import project_root
from casare_cloud.robot.reference import document as node_document

README = "sql/README.md"
INDEX = "docs/README.md"
LLMS = "llms.txt"
TODO = "TODO: say in a sentence what the chapter is about."
_MADE = re.compile(
    r"^create (?:or replace |unlogged )*(?P<kind>table|view|function|procedure) (?P<name>\w+\.\w+)(?! partition of)",
    re.MULTILINE,
)
_COMMENT = re.compile(
    r"^comment on (?:function|procedure) (?P<name>[\w.]+)\s+is\s+'(?P<text>(?:[^']|'')*)'", re.MULTILINE
)
_HEADING = re.compile(r"^## (?P<chapter>\w+)$", re.MULTILINE)


def compose(root: Path) -> str:
    """The table of contents that belongs to the present state of `sql/`."""
    title, words = _written(root / README)
    parts = [title]
    for chapter in sorted(path for path in (root / "sql").iterdir() if path.is_dir()):
        parts += [f"## {chapter.name}", words.get(chapter.name, TODO), *_lists(chapter)]
    return "\n\n".join(parts) + "\n"


def index_for_programs(root: Path) -> str:
    """The pages of `docs/README.md` as llmstxt.org wants them: what the project is, and a line for each page."""
    title, what_it_is = re.findall(r"^(# .+)\n\n((?:.+\n)+)", (root / "README.md").read_text())[0]
    _, *sections = re.split(r"^(?=## )", (root / INDEX).read_text(), flags=re.MULTILINE)
    parts = [title, "> " + " ".join(what_it_is.split())]
    for section in sections:
        heading, lines = section.split("\n", 1)
        entries = (" ".join(entry.split()) for entry in re.split(r"^\* ", lines, flags=re.MULTILINE))
        parts += [heading.strip(), "\n".join(f"- {_from_root(entry)}" for entry in entries if entry)]
    return "\n\n".join(parts) + "\n"


def _from_root(entry: str) -> str:
    return re.sub(r"\]\((\.\./)?", lambda found: "](" if found[1] else "](docs/", entry)


def _written(file: Path) -> tuple[str, dict[str, str]]:
    """What people wrote: before the first chapter, and in the first paragraph of each."""
    title, *rest = _HEADING.split(file.read_text() if file.exists() else "# sql/\n")
    paragraphs = (text.strip().split("\n\n")[0] for text in rest[1::2])
    return title.strip(), dict(zip(rest[::2], paragraphs, strict=True))


def _lists(chapter: Path) -> list[str]:
    text = "\n".join(path.read_text() for path in sorted(chapter.rglob("*.sql")))
    comments = {match["name"]: _first_sentence(match["text"]) for match in _COMMENT.finditer(text)}
    made = [(match["kind"], match["name"]) for match in _MADE.finditer(text)]
    tables = [f"`{name}`" for kind, name in made if kind in ("table", "view")]
    functions = sorted((name for kind, name in made if kind in ("function", "procedure")), key=_unqualified)
    lines = [f"* {_shown(name)}: {comments.get(name, 'TODO')}" for name in functions]
    return [f"Tables and views: {', '.join(tables)}."] * bool(tables) + ["\n".join(lines)] * bool(lines)


def _first_sentence(comment: str) -> str:
    text = re.sub(r"\s+", " ", comment.replace("''", "'"))
    return re.split(r"(?<=\.) (?=[A-Z{])", text)[0]


def _unqualified(name: str) -> str:
    return name.partition(".")[2]


def _shown(name: str) -> str:
    return f"**`{_unqualified(name)}`**" if name.startswith("public.") else f"`{_unqualified(name)}`"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m casare_cloud.local.contents", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["check"])
    options = parser.parse_args(arguments)
    root = project_root()
    made = {
        README: compose(root),
        data_api.PATH: data_api.compose(root),
        error_document.PATH: error_document.compose(),
        **node_document.documents(),
        LLMS: index_for_programs(root),
    }
    is_good = True
    for name, text in made.items():
        file = root / name
        if options.command != "check":
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            print(f"{name} is not what the code holds: run make contents.", file=sys.stderr)
            is_good = False
        if TODO in text:
            print(f"{name}: {TODO}", file=sys.stderr)
            is_good = False
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
