"""What the Data API knows of the database: functions, relations, settings of roles; read when they are asked for."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Generic, LiteralString, TypeVar

import psycopg

from casare_cloud.local.context import LocalContext

Key = tuple[str, str]
T = TypeVar("T")

# An answer this old is read again, so that a changed signature is seen without a restart. A name that was not found is
# looked up again each time.
FRESH_SECONDS: Final = 15.0

_FUNCTIONS: Final[LiteralString] = """
select p.oid::bigint as oid,
    p.provolatile::text = 'v' as is_volatile,
    p.proretset as returns_set,
    case
        when p.prorettype = 'void'::regtype then 'void'
        when t.typtype = 'c' or p.prorettype = 'record'::regtype
            or coalesce('t' = any (p.proargmodes::text[]), false) then 'row'
        else 'scalar'
    end as returns,
    coalesce(
        (
            select array_agg(setting)
            from unnest(p.proconfig) as setting
            where split_part(setting, '=', 1) = 'statement_timeout'
        ),
        '{}'
    ) as settings,
    coalesce(
        (
            select jsonb_agg(jsonb_build_array(
                coalesce(p.proargnames[argument.position], ''),
                quote_ident(tn.nspname) || '.' || quote_ident(at.typname),
                argument.number > p.pronargs - p.pronargdefaults,
                coalesce(argument.mode, 'i') = 'v'
            ) order by argument.position)
            from (
                select position, type_oid, p.proargmodes[position]::text as mode,
                    row_number() over (order by position) as number
                from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]))
                    with ordinality as all_types (type_oid, position)
                where coalesce(p.proargmodes[position]::text, 'i') in ('i', 'b', 'v')
            ) as argument
            join pg_type as at on at.oid = argument.type_oid
            join pg_namespace as tn on tn.oid = at.typnamespace
        ),
        '[]'
    ) as arguments
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
join pg_type as t on t.oid = p.prorettype
where n.nspname = $1 and p.proname = $2 and p.prokind = 'f'
"""

_RELATION: Final[LiteralString] = """
select c.relkind::text as kind
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'v', 'm', 'f', 'p')
"""

# Settings that a plain login may make for itself; ALTER ROLE … SET does not act on SET ROLE.
_ROLE_SETTINGS: Final[LiteralString] = """
select split_part(made.entry, '=', 1), substr(made.entry, strpos(made.entry, '=') + 1)
from pg_roles as r
join pg_db_role_setting as s on s.setrole = r.oid
cross join unnest(s.setconfig) as made (entry)
join pg_settings as known on known.name = split_part(made.entry, '=', 1) and known.context = 'user'
where r.rolname = $1
    and s.setdatabase in (0, (select d.oid from pg_database as d where d.datname = current_database()))
    and known.name not in ('search_path', 'role')
order by s.setdatabase
"""


class Returns(StrEnum):
    """What one result of a function is."""

    VOID = "void"
    SCALAR = "scalar"
    ROW = "row"


@dataclass(frozen=True)
class Argument:
    """An input of a function; `type_name` is qualified and quoted."""

    name: str
    type_name: str
    has_default: bool
    is_variadic: bool


@dataclass(frozen=True)
class Function:
    """One overload of a function; `settings` are the pairs that must be made before the call."""

    schema: str
    name: str
    arguments: tuple[Argument, ...]
    returns: Returns
    returns_set: bool
    is_volatile: bool
    settings: tuple[tuple[str, str], ...] = ()
    statements: dict[Any, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def signature(self) -> str:
        """How an error names it."""
        arguments = ", ".join(f"{argument.name} => {argument.type_name}" for argument in self.arguments)
        return f"{self.schema}.{self.name}({arguments})"

    def takes(self, given: frozenset[str]) -> bool:
        """Whether a call with these named arguments fits."""
        names = {argument.name for argument in self.arguments}
        required = {argument.name for argument in self.arguments if not argument.has_default}
        return "" not in names and required <= given <= names

    def raw_argument(self) -> Argument | None:
        """The single unnamed argument that takes a whole body."""
        if len(self.arguments) != 1 or self.arguments[0].name:
            return None
        argument = self.arguments[0]
        return argument if argument.type_name.replace('"', "") in ("pg_catalog.json", "pg_catalog.jsonb") else None


class _Fresh(Generic[T]):
    """Answers by key, each kept for a few seconds; an empty answer is never kept."""

    def __init__(self, read: Callable[[Key], Awaitable[T]]) -> None:
        self._read = read
        self._known: dict[Key, tuple[T, float]] = {}

    async def get(self, key: Key) -> T:
        known = self._known.get(key)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        value = await self._read(key)
        if value:
            self._known[key] = (value, time.monotonic() + FRESH_SECONDS)
        else:
            self._known.pop(key, None)
        return value

    def forget(self) -> None:
        self._known.clear()


class Catalog:
    """The schema cache of the Data API."""

    def __init__(self, context: LocalContext) -> None:
        self._context = context
        self._functions = _Fresh(self._read_functions)
        self._relations = _Fresh(self._read_relation)
        self._settings = _Fresh(self._read_settings)

    async def functions(self, schema: str, name: str) -> Sequence[Function]:
        """The overloads of a function; none for an unknown name."""
        return await self._functions.get((schema, name))

    async def has_relation(self, schema: str, name: str) -> bool:
        """Whether there is a table or view of that name."""
        return await self._relations.get((schema, name))

    async def role_settings(self, role: str) -> Sequence[tuple[str, str]]:
        """The settings of a role for this database, e.g. its statement_timeout."""
        return (await self._settings.get(("", role)))[1:]

    def forget(self) -> None:
        """Read everything again: the database said that something is not there any more."""
        self._functions.forget()
        self._relations.forget()
        self._settings.forget()

    async def _read_functions(self, key: Key) -> tuple[Function, ...]:
        return tuple(
            Function(
                schema=key[0],
                name=key[1],
                arguments=tuple(Argument(*argument) for argument in row[5]),
                returns=Returns(row[3]),
                returns_set=row[2],
                is_volatile=row[1],
                settings=tuple((name, value) for name, _, value in (setting.partition("=") for setting in row[4])),
            )
            for row in await self._rows(_FUNCTIONS, key)
        )

    async def _read_relation(self, key: Key) -> bool:
        return bool(await self._rows(_RELATION, key))

    async def _read_settings(self, key: Key) -> tuple[tuple[str, str], ...]:
        rows = await self._rows(_ROLE_SETTINGS, key[1:])
        return (("", ""), *((row[0], row[1]) for row in rows))  # never empty: a role without settings is known, too

    async def _rows(self, query: LiteralString, params: Sequence[str]) -> list[tuple[Any, ...]]:
        pool = await self._context.pool(self._context.authenticator_dsn)
        async with pool.connection() as connection:
            cursor = psycopg.AsyncRawCursor(connection)
            await cursor.execute(query, params)
            return await cursor.fetchall()
