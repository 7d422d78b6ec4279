create or replace function private.exported_until(p_partition oid)
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select coalesce(
        (
            select e.finished_before
            from private.exports as e
            join pg_catalog.pg_class as c on c.relname = e.partition_name
            where c.oid = p_partition
        ),
        '-infinity'
    )
$$;
comment on function private.exported_until is 'Jobs of a partition that finished before this time are in a file.';
revoke all on function private.exported_until from public, anon, authenticated, service_role;
