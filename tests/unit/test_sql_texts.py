"""SQL stands in the `queries.py` of its package, and the check notices a statement that stands elsewhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "casare_cloud"

# Statements in texts of their own. Comments, messages and docstrings may begin with such words, in sentences.
SQL = re.compile(
    r"\s*(select\s+(\S+[,(]|\*|\S+\s+(from|as)\b|1\s*$|\{)|select\s+from\b|insert\s+into\s|update\s+\S+\s+(as\s+\S+\s+)?set\s"
    r"|delete\s+from\s|with\s+\w+\s+as\s|call\s+\w+\.|truncate\s|(un)?listen\s|notify\s|set\s+(local|transaction|role)\b)",
    re.IGNORECASE,
)
WITHOUT_QUERIES = {
    "database.py": "the statements of the connection itself: who the caller is, whether it answers",
    "local": "the emulators speak to Postgres as the platform does",
}


def sql_texts(source: str) -> Iterator[tuple[int, str]]:
    """(line, beginning) of each text that is a statement."""
    tree = ast.parse(source)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in docs and SQL.match(text):
                yield node.lineno, text.strip()[:60]


def test_sql_stands_in_queries_and_nowhere_else() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {text}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "queries.py" and path.relative_to(PACKAGE).parts[0] not in WITHOUT_QUERIES
        for line, text in sql_texts(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "\nselect j.job_id from public.jobs as j",
        "select 1",
        "select private.clock()",
        "insert into public.jobs values (1)",
        "UPDATE public.jobs SET status = 'failed'",
        "delete from private.ready",
        "with asked as (select 1) select 2",
        "set local role anon",
    ],
)
def test_a_statement_outside_of_queries_would_be_found(text: str) -> None:
    assert list(sql_texts(f"async def get(tx):\n    '''Select a job.'''\n    await tx.execute({text!r})"))


@pytest.mark.parametrize("text", ["Select a job.", "update", "with many words", "Set by the caller.", "call me"])
def test_a_sentence_is_no_statement(text: str) -> None:
    assert not list(sql_texts(f"say({text!r})"))
