"""Each command and environment variable that the documents name is there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from casare_cloud.cli.app import app
from casare_cloud.local.schema import project_root

ROOT = project_root()
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
CODE = [
    *(path for folder in ("src", "tests", "bench", "functions") for path in (ROOT / folder).rglob("*.py")),
    ROOT / "Makefile",
    *(ROOT / "supabase").glob("*.toml"),
]
PREFIXES = "ANTHROPIC|AUTOMATION|CASARE|DATABASE|DASHBOARD|DEMO|GATEWAY|JWT|ORCHESTRATOR|ROBOT|SUPABASE|WEBHOOKS"
OF_CASARE_RPA = {"CASARE_DISABLE_DB", "CASARE_ORCHESTRATOR_URL", "ORCHESTRATOR_ADMIN_API_KEY"}  # it reads them itself


def commands(text: str) -> Iterator[list[str]]:
    """The words after `casare-cloud` of each command: in lines of blocks of shell, and in code inside a sentence."""
    blocks = re.findall(r"^ *```(?:sh|bash).*\n((?:.*\n)*?) *```$", text, re.MULTILINE)
    joined = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    prose = re.sub(r"^ *```(?:.*\n)*? *```$", "", text, flags=re.MULTILINE)
    inline = [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose)]
    for line in [*joined, *inline]:
        for found in re.findall(r"(?:^|[\s/(])casare-cloud((?: [^|;&#)]*)?)", line):
            try:
                yield shlex.split(found)
            except ValueError:  # a quotation that goes on beyond the sign that ended the command
                yield found.split()


def problem_with(words: list[str]) -> str | None:
    """What there is not: a command, or an option of it. A word that stands for another (`ID`, `…`) ends the search."""
    at: Any = get_command(app)
    context = at.make_context("casare-cloud", [], resilient_parsing=True)
    rest = list(words)
    while hasattr(at, "get_command") and rest and re.fullmatch(r"[a-z][a-z-]*", rest[0]):
        found = at.get_command(context, rest[0])
        if found is None:
            return f"{' '.join(words)}: there is no command {rest[0]}"
        at = found
        rest.pop(0)
    known = {name for option in at.params for name in (*option.opts, *option.secondary_opts)} | {"--help", "-h"}
    for word in rest if not at.context_settings.get("ignore_unknown_options") else ():
        option = re.match(r"-{1,2}[a-z][a-z-]*", word)
        if option and option[0] not in known and option[0][:2] not in known:
            return f"{' '.join(words)}: there is no option {option[0]}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    assert [problem for words in commands(page.read_text()) if (problem := problem_with(words))] == []


def test_a_command_that_is_not_there_would_be_found() -> None:
    text = (
        "```sh\ncasare-cloud jobs lst --json | cat\n```\n`casare-cloud robot run --nmae x` and `casare-cloud jobs list`"
    )
    found = [problem_with(words) for words in commands(text)]
    assert found == [
        "jobs lst --json: there is no command lst", "robot run --nmae x: there is no option --nmae", None
    ]  # fmt: skip


def test_every_variable_that_a_page_names_is_read_somewhere() -> None:
    code = "\n".join(path.read_text() for path in CODE if path != Path(__file__))
    known = set(re.findall(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+", code))
    named = {
        (str(page.relative_to(ROOT)), name)
        for page in PAGES
        for name in re.findall(rf"`\$?((?:{PREFIXES})_[A-Z0-9_]+)(?:=[^`]*)?`", page.read_text())
    }
    assert len({name for _, name in named}) > 50
    assert {(page, name) for page, name in named if name not in known | OF_CASARE_RPA} == set()
