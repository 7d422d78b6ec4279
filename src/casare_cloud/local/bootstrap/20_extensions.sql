-- Extensions live in a schema of their own. Which are there depends on the server's build; nothing of the product needs them.
create schema if not exists extensions;
grant usage on schema extensions to postgres, anon, authenticated, service_role;
grant create on schema extensions to postgres;

do $$
declare
    v_extension text;
begin
    for v_extension in
        select name from pg_catalog.pg_available_extensions where name in ('pgcrypto', 'uuid-ossp')
    loop
        execute format('create extension if not exists %I with schema extensions', v_extension);
    end loop;
end
$$;

-- The Data API reloads its idea of the schema when this is notified.
create or replace function extensions.pgrst_ddl_watch()
returns event_trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select from pg_catalog.pg_event_trigger_ddl_commands() as c
        where c.schema_name is distinct from 'pg_temp'
            and (c.command_tag ~ '^(CREATE|ALTER) (SCHEMA|TABLE|VIEW|FUNCTION|TYPE)$' or c.command_tag in ('GRANT', 'REVOKE', 'COMMENT'))
    ) then
        notify pgrst, 'reload schema';
    end if;
end
$$;

create or replace function extensions.pgrst_drop_watch()
returns event_trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if exists (
        select from pg_catalog.pg_event_trigger_dropped_objects() as o
        where not o.is_temporary and o.object_type in ('schema', 'table', 'view', 'function', 'type')
    ) then
        notify pgrst, 'reload schema';
    end if;
end
$$;

drop event trigger if exists pgrst_ddl_watch;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_ddl_watch();
drop event trigger if exists pgrst_drop_watch;
create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_drop_watch();
