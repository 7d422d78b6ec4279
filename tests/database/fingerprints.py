"""What identifies a tenant in the database, and whether its rows are as they were: a digest of every table."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID as Id

from tests.databases import Connection

# Rows that name their tenant by a number.
_TENANT_NO = "tenant_no in (select q.tenant_no from private.queue_tenants as q where q.tenant_id = %(tenant)s)"
ROWS_BY_NUMBER = {
    "private.lanes": _TENANT_NO,
    "private.overviews": _TENANT_NO,
    "private.limit_counters": "limit_id in (select w.limit_id from private.limits as w where w.tenant_id = %(tenant)s)",
    "private.share_usage": "share_id in (select s.share_id from private.shares as s where s.tenant_id = %(tenant)s)",
}
RELATIONS = """
    select n.nspname || '.' || c.relname as name, c.relkind::text as kind, c.relispartition as is_partition
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace and n.nspname in ('public', 'private')
    where c.relkind in ('r', 'p', 'v', 'm', 'f')
    order by 1
"""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Relation:
    """A table, partition or view of the schemas `public` and `private`."""

    name: str
    kind: str
    is_partition: bool


def relations_of(owner: Connection) -> list[Relation]:
    """Every one, from the catalog."""
    return [Relation(**row) for row in owner.execute(RELATIONS).fetchall()]


def tables_of(relations: Iterable[Relation]) -> list[str]:
    """The names of the tables, without partitions."""
    return [relation.name for relation in relations if relation.kind in ("r", "p") and not relation.is_partition]


def identifiers(owner: Connection, tables: Sequence[str], tenant_id: Id, other_id: Id) -> set[str]:
    """Every id in rows that name the tenant, but for those that the other tenant's rows have too."""
    shared = {
        row["id"] for row in owner.execute("select role_id::text as id from public.roles where tenant_id is null")
    }
    return _ids_of(owner, tables, tenant_id) - _ids_of(owner, tables, other_id) - shared


def _ids_of(owner: Connection, tables: Sequence[str], tenant_id: Id) -> set[str]:
    rows = " union all ".join(f"select t::text as row from {table} as t" for table in tables)
    found = owner.execute(f"select row from ({rows}) as r where row like %s", [f"%{tenant_id}%"]).fetchall()
    return {match for row in found for match in UUID.findall(row["row"])}


def pattern_of(words: Iterable[str]) -> re.Pattern[str]:
    """Matches any of the words."""
    return re.compile("|".join(re.escape(word) for word in sorted(words)))


def fingerprints(
    owner: Connection, tables: Sequence[str], tenant_id: Id, mine: Iterable[str], but_of: Id | None = None
) -> dict[str, str]:
    """The number and the digest of the tenant's rows in each table: those that have one of the words `mine`.

    A row that names the tenant `but_of` is that tenant's, whatever words it has been told.
    """
    digests = []
    for table in tables:
        where = ROWS_BY_NUMBER.get(table, "t::text like any (%(mine)s) and t::text not like %(others)s")
        digests.append(
            f"select '{table}' as name, count(*) || ' ' || md5(coalesce(string_agg(t::text, ',' order by t::text), ''))"
            f" as digest from {table} as t where {where}"
        )
    words = [f"%{word}%" for word in mine]  # one pattern with all of them takes four times as long
    rows = owner.execute(
        " union all ".join(digests), {"tenant": tenant_id, "mine": words, "others": f"%{but_of or 'nobody'}%"}
    ).fetchall()
    return {row["name"]: row["digest"] for row in rows}
