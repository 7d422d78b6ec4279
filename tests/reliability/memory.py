"""What a database holds, to be brought back: faster than a new copy of it, and its sessions stay."""

from psycopg import sql
from tests.databases import Connection

TABLES = """
    select
        format('%I.%I', n.nspname, c.relname) as name,
        (
            select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
            from pg_attribute as a
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        ) as columns
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p') and not c.relispartition
        and n.nspname !~ '^(pg_|information_schema$|saved$)'
    order by 1
"""
SEQUENCES = """
    select format('%I.%I', schemaname, sequencename) as name, coalesce(last_value, start_value) as value,
        last_value is not null as is_called
    from pg_sequences
"""


class Memory:
    """The rows of every table and the values of every sequence, as they are now."""

    def __init__(self, superuser: Connection) -> None:
        """Must be a superuser's, for whom no trigger and no key counts."""
        self._connection = superuser
        superuser.execute("set session_replication_role = replica")
        superuser.execute("create schema saved")
        steps = []
        for number, table in enumerate(superuser.execute(TABLES).fetchall()):
            name, columns, saved = table["name"], table["columns"], f"saved.rows_{number}"
            steps.append(f"delete from {name}")
            superuser.execute(f"create table {saved} as select {columns} from {name}")
            if superuser.execute(f"select from {saved} limit 1").fetchone() is not None:
                steps.append(f"insert into {name} ({columns}) overriding system value select {columns} from {saved}")
        for sequence in superuser.execute(SEQUENCES).fetchall():
            steps.append(sql.SQL("select setval({name}, {value}, {is_called})").format(**sequence).as_string(superuser))
        self._steps = ";\n".join(steps)

    def restore(self) -> None:
        """Everything is as it was."""
        self._connection.execute(self._steps)
