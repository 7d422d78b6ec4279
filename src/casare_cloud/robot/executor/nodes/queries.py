"""What the database nodes ask databases about their tables."""

SQLITE_COLUMNS = "select name, type from pragma_table_info(?)"
POSTGRESQL_COLUMNS = """
select attname, format_type(atttypid, atttypmod)
from pg_attribute
where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
order by attnum
"""
