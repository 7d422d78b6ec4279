"""What the linter's contracts say of the package, and that each of them notices what it forbids."""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from importlinter.application import use_cases
from importlinter.application.user_options import UserOptions
from importlinter.configuration import configure
from importlinter.domain.contract import registry

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "src" / "casare_cloud"

# An import that each contract forbids: who would import what.
PLANTED = {
    "layers": ("casare_cloud.domain.jobs.service", "casare_cloud.faces"),
    "the robot and the client know neither domain nor database": ("casare_cloud.realtime", "casare_cloud.database"),
    "the robot and the client do not know each other": ("casare_cloud.client.jobs", "casare_cloud.robot.transport"),
    "the packages of the domain form no circle": (
        "casare_cloud.domain.workflows.service",
        "casare_cloud.domain.jobs.service",
    ),
    "nothing that is deployed depends on the emulators": ("casare_cloud.robot.direct", "casare_cloud.local.tokens"),
}

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


@pytest.fixture(scope="module")
def options() -> UserOptions:
    configure()
    found = use_cases.read_user_options(str(REPOSITORY / "pyproject.toml"))
    use_cases._register_contract_types(found)
    return found


@pytest.fixture(scope="module")
def imports(options: UserOptions) -> Any:
    return use_cases._build_graph(["casare_cloud"], False, False, False, None)


def test_every_contract_is_shown_to_notice_what_it_forbids(options: UserOptions) -> None:
    assert {contract["name"] for contract in options.contracts_options} == set(PLANTED)


@pytest.mark.parametrize("name", PLANTED)
def test_a_contract_is_kept_and_is_broken_by_a_planted_import(options: UserOptions, imports: Any, name: str) -> None:
    stated = next(contract for contract in options.contracts_options if contract["name"] == name)
    contract = registry.get_contract_class(stated["type"])(name, options.session_options, stated)
    importer, imported = PLANTED[name]
    assert contract.check(deepcopy(imports), verbose=False).kept
    planted = deepcopy(imports)
    planted.add_import(importer=importer, imported=imported, line_number=1, line_contents="planted")
    assert not contract.check(planted, verbose=False).kept


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
