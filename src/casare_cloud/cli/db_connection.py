"""How `casare-cloud db …` reaches the database: as its owner."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit, urlunsplit

import typer

from casare_cloud.cli.output import errors_as_sentences, fail

if TYPE_CHECKING:
    import psycopg

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="CASARE_OWNER_DATABASE_URL",
        help="The owner's connection (postgres). Default: the local stack's.",
        show_envvar=True,
    ),
]


NO_CONNECTION = "The connection that was given is none: postgresql://postgres:password@host:5432/postgres"


def parts_of(url: str) -> dict[str, Any] | None:
    """What a connection string says; None for a mistyped one: libpq's own message would show it, password and all."""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        parts: dict[str, Any] = conninfo_to_dict(url)
    except ProgrammingError:
        return None
    is_cut = "@" in str(parts.get("host", "")) or str(parts.get("port", "")).replace(",", "0").strip("0123456789")
    return None if is_cut else parts  # cut: by an @ or / in the password that is not written as %40 or %2F


@contextmanager
def connected(database_url: str | None) -> "Iterator[psycopg.Connection[dict[str, Any]]]":
    """A connection of the database's owner; what goes wrong with it becomes one sentence."""
    import psycopg
    from psycopg.rows import dict_row

    url = owner_url(database_url)
    if parts_of(url) is None:
        fail(NO_CONNECTION, 2)
    try:
        with (
            errors_as_sentences(),
            psycopg.connect(
                url, autocommit=True, row_factory=dict_row, connect_timeout=5, application_name="casare-cloud db"
            ) as connection,
        ):
            yield connection
    except psycopg.Error as problem:
        fail(str(problem.diag.message_primary or problem).strip().splitlines()[0])


def owner_url(database_url: str | None) -> str:
    """The connection that was given, else the local stack's."""
    url = database_url or find_owner_url()
    if url is None:
        fail("Give --database-url, or set CASARE_OWNER_DATABASE_URL, or start a local stack with `casare-cloud up`.", 2)
    return url


def find_owner_url() -> str | None:
    """How the local stack's owner logs in; None where there is no stack."""
    from casare_cloud.local.state import StateFolder

    state = StateFolder.default()
    url = urlsplit(state.read_env().get("DATABASE_URL", ""))
    passwords = state.path / "database-passwords.json"
    if not url.hostname or not passwords.exists():
        return None
    try:
        password = json.loads(passwords.read_text())["database_passwords"]["postgres"]
    except (ValueError, KeyError):
        return None
    place = f"postgres:{quote(password, safe='')}@{url.hostname}:{url.port}"
    return urlunsplit(("postgresql", place, url.path, "", ""))
