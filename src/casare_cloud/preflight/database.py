"""Whether `DATABASE_URL` leads to our database, encrypted, as a login that may do no more than it must."""

import asyncio
import re
from typing import TYPE_CHECKING

from casare_cloud.config import Settings, is_loopback
from casare_cloud.preflight import queries
from casare_cloud.preflight.findings import Finding
from casare_cloud.schema_version import SCHEMA_VERSION

if TYPE_CHECKING:
    from casare_cloud.database_pool import Connection

UNREACHABLE = "Database unhealthy"
_MIGRATE = "`supabase db push --remote=<the owner's connection string>`"
_AS_FUNCTIONS = "Log in as casare_functions"


async def check(settings: Settings, seconds: float) -> list[Finding]:
    """What is wrong with the database; within `seconds`."""
    import psycopg
    from psycopg.rows import dict_row

    from casare_cloud.database_pool import Connection

    if not settings.database_url:
        return [Finding(UNREACHABLE, "DATABASE_URL is not set: give the connection string of casare_functions.")]
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    try:
        async with asyncio.timeout_at(until):
            connection = await Connection.connect(
                settings.database_url,
                autocommit=True,
                prepare_threshold=None,
                row_factory=dict_row,
                application_name="casare_cloud preflight",
            )
        async with connection:
            with connection.cut_after(max(0.0, until - loop.time())):
                of_login = await _login(connection)
                return [*_encryption(settings, connection), *of_login, *await _schema(connection, bool(of_login))]
    except TimeoutError:
        return [_unreachable(f"no answer within {seconds:g} s")]
    except (psycopg.Error, UnicodeError) as error:
        return [_why_not(error)]


def _encryption(settings: Settings, connection: "Connection") -> list[Finding]:
    if connection.pgconn.ssl_in_use or is_loopback(settings.database_url):
        return []
    sentence = (
        "DATABASE_URL: the connection to the database is not encrypted. Add sslmode=require to it (sslmode=verify-full "
        "with sslrootcert is better), and let the server take encrypted connections."
    )
    return [Finding("Database connection not encrypted", sentence)]


async def _login(connection: "Connection") -> list[Finding]:
    row = await (await connection.execute(queries.LOGIN)).fetchone()
    assert row is not None
    login, power = row["login"], row["power"]
    if power is not None:
        sentence = f"DATABASE_URL logs in as {login}, which {power}: no rule of the database would bind a request. "
        return [Finding("Database login has too many rights", sentence + f"{_AS_FUNCTIONS}.")]
    if not row["may_act_as_callers"]:
        sentence = f"DATABASE_URL logs in as {login}, which may not act as a caller (authenticated). {_AS_FUNCTIONS}."
        return [Finding("Database login has too few rights", sentence)]
    return []


async def _schema(connection: "Connection", is_wrong_login: bool) -> list[Finding]:
    row = await (await connection.execute(queries.SCHEMA)).fetchone()
    assert row is not None
    may_ask = row["may_ask"]
    if not row["is_there"]:
        sentence = f"DATABASE_URL: this database has no tables of casare_cloud. Run {_MIGRATE}, or name the right one."
        return [Finding("Database has no schema", sentence)]
    if may_ask is False and is_wrong_login:
        return []
    if may_ask is False:
        sentence = f"DATABASE_URL: this login may not call the functions of casare_cloud. {_AS_FUNCTIONS}."
        return [Finding("Database login has too few rights", sentence)]
    version = ""
    if may_ask:
        found = await (await connection.execute(queries.SCHEMA_VERSION)).fetchone()
        version = str(found["version"]) if found else ""
    if version < SCHEMA_VERSION:
        state = f"at migration {version}" if version else "older than its versions are counted"
        sentence = f"DATABASE_URL: the database is {state}, this program needs {SCHEMA_VERSION}. Run {_MIGRATE}."
        return [Finding("Database schema too old", sentence)]
    if version > SCHEMA_VERSION:
        sentence = f"DATABASE_URL: the database is at migration {version}, this program knows {SCHEMA_VERSION}. "
        return [Finding("Database schema too new", sentence + "Deploy the program that belongs to it.")]
    return []


def _why_not(error: Exception) -> Finding:
    """The one reason why the login failed. The server's words are English, or are shown as they are."""
    if type(error).__name__ in ("ProgrammingError", "UnicodeError"):  # its words may show the password
        sentence = (
            "DATABASE_URL is not a connection string. Such a one is: postgresql://casare_functions:…@host:5432/postgres"
        )
        return Finding(UNREACHABLE, sentence)
    words = str(error)
    if getattr(error, "sqlstate", None):
        return Finding(UNREACHABLE, f"DATABASE_URL: the database failed while it was looked at: {_last(words)}.")
    if match := re.search(r'password authentication failed for user "([^"]*)"|no password supplied', words):
        login = match[1] or "casare_functions"
        sentence = (
            f"DATABASE_URL: the server refuses the password of {login}. Correct it, or set it there as the owner: "
            f"alter role {login} password '…'."
        )
        return Finding(UNREACHABLE, sentence)
    if match := re.search(r'database "([^"]*)" does not exist', words):
        return Finding(UNREACHABLE, f"DATABASE_URL: that server has no database {match[1]}. Supabase's is postgres.")
    if re.search(r'role "[^"]*" does not exist|tenant or user not found|no such user', words, re.IGNORECASE):
        sentence = (
            "DATABASE_URL: the server does not know that login. It is casare_functions (at a pooler: "
            "casare_functions.<project>), which the migrations make."
        )
        return Finding(UNREACHABLE, sentence)
    if re.search("too many connections|remaining connection slots|max clients", words, re.IGNORECASE):
        return Finding(UNREACHABLE, "DATABASE_URL: the server has no connection free. End some, or use its pooler.")
    if re.search("SSL|certificate|encryption", words):
        sentence = f"DATABASE_URL: no encrypted connection came about ({_last(words)}). See its sslmode."
        return Finding(UNREACHABLE, sentence)
    if "FATAL" in words:
        return Finding(UNREACHABLE, f"DATABASE_URL: the server refuses the login: {_last(words)}.")
    return _unreachable(_last(words))


def _unreachable(why: str) -> Finding:
    return Finding(UNREACHABLE, f"DATABASE_URL: no database answers there ({why}). Is the address right?")


def _last(words: str) -> str:
    """What the driver says after naming the address: the reason."""
    line = words.strip().splitlines()[0]
    return re.split("FATAL: |failed: |is bad: ", line)[-1].strip().rstrip(".?")[:200]
