-- Written by the command `make migration`: do not edit.
create or replace function private.get_schema_version()
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select '20261121083314'
$$;
comment on function private.get_schema_version is
    'The migration that brought this database to its present state, so that a program can tell whether it is the one that it was written for.';
revoke all on function private.get_schema_version from public, anon, authenticated, service_role;
grant execute on function private.get_schema_version to casare_functions;
