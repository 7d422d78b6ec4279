"""What documents and comments point to is there: decisions, files, targets of make, headings of other documents."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MARKDOWN = [
    *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("sql/*.md")),
]  # fmt: skip
CITING = ("src", "sql", "tests", "functions", "bench", "examples")
SUFFIXES = {".py", ".sql", ".toml", ".json"}


def sources() -> Iterator[tuple[Path, str]]:
    """Every text that may cite a decision, but for this one."""
    for folder in CITING:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in SUFFIXES and file != Path(__file__):
                yield file, file.read_text()


def anchors(document: Path) -> set[str]:
    """The headings of a document as links name them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def test_every_decision_that_the_code_cites_is_there() -> None:
    decisions = anchors(ROOT / "docs" / "api-decisions.md")
    cited = {(name, str(file)) for file, text in sources() for name in re.findall(r"api-decisions#([\w-]*)", text)}
    assert len(cited) > 10
    assert {(name, file) for name, file in cited if name not in decisions} == set()


def test_the_code_cites_no_table_that_is_not_here() -> None:
    """A decision is written down in docs/api-decisions.md and cited as `api-decisions#its-heading`."""
    found = re.compile(r"\bapi-map\b|\bconflicts? \d+")
    assert [str(file) for file, text in sources() if found.search(text)] == []


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@pytest.mark.parametrize("document", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_of_code_can_be_read(document: Path) -> None:
    """What is run is run by the page's own test; what is not, because it needs a world of its own, is at least code."""
    for language, text in re.findall(r"^```(\w+).*\n((?:.*\n)*?)```$", document.read_text(), re.MULTILINE):
        if language == "json" and "…" not in text:
            json.loads(text)
        elif language == "python":
            compile(text, str(document), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        elif language == "sh":
            said = re.sub(r"<([\w -]+)>", "WORD", text)  # `<job id>` stands for an id
            read = subprocess.run(["bash", "-n"], input=said, capture_output=True, text=True, check=False)
            assert (read.returncode, read.stderr) == (0, ""), text


def test_every_page_is_reached_from_the_index() -> None:
    """A page that nobody finds is not there. Decisions are a folder; the index names it."""
    reached: set[Path] = set()
    ahead = {ROOT / "docs" / "README.md"}
    while ahead:
        page = ahead.pop()
        reached.add(page)
        targets = re.findall(r"\]\(([^)#\s]+\.md)(?:#[^)]*)?\)", page.read_text())
        ahead |= {(page.parent / target).resolve() for target in targets if ":" not in target} - reached
    pages = {path for path in MARKDOWN if path.parent == ROOT / "docs"}
    assert pages - reached == set()


def test_the_index_for_programs_has_every_page_of_the_index() -> None:
    index = re.findall(r"\]\(([\w-]+\.md)\)", (ROOT / "docs" / "README.md").read_text())
    lines = (ROOT / "llms.txt").read_text().splitlines()
    assert lines[0].startswith("# ")
    assert lines[2].startswith("> ")
    assert len(index) > 25
    for page in index:
        assert [line for line in lines if line.startswith("- [") and f"](docs/{page})" in line], page


def test_contributing_names_files_tests_and_targets_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`((?:src|sql|tests|docs|functions|supabase|bench)/[\w./<>-]*)`", text)
    assert len(named) > 40
    for name in named:
        pattern = re.sub(r"<[^>]*>", "*", name)
        assert list(ROOT.glob(pattern)), name
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"\bmake ([a-z-]+)", text):
        assert target in targets, target
