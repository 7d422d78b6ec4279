-- Schemas say who may see what: `public` is what the Data API and Realtime expose, always under row-level security;
-- `private` is never exposed and holds internals, hot tables and security-definer helpers.
create schema if not exists private;
comment on schema private is 'Internals of casare_cloud: never exposed through the Data API.';

revoke all on schema private from public;
grant usage on schema private to anon, authenticated, service_role;

-- Default privileges differ between platform versions (open or closed), so they are closed here, before anything is made:
-- every object is granted by name. The schema-less form is the only one that takes PUBLIC's execute away.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public revoke all on functions from anon, authenticated, service_role;

-- Clients make no temporary objects: what they could call like a type or table of the catalog, a function of ours might take for it.
-- Its owner grants this by default, and a copy of a database does not inherit it.
do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end
$$;

-- The login of the cloud functions. It owns nothing and inherits nothing: a request must name the role it acts as.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'casare_functions') then
        create role casare_functions login noinherit;
    end if;
end
$$;
-- An old transaction keeps dead rows alive for everybody. A request sets its own, shorter time; this is what no session passes.
alter role casare_functions set statement_timeout = '15s';
alter role casare_functions set idle_in_transaction_session_timeout = '15s';
alter role casare_functions set lock_timeout = '8s';
-- Disks do not turn any more. With the server's 4 a filtered page of 120,000 jobs read them all, rather than walk from the newest on.
alter role casare_functions set random_page_cost = 1.1;
grant anon, authenticated to casare_functions;
grant usage on schema private to casare_functions;

-- pg_cron lives in one database of a cluster; where it (or the local runner's stand-in) already exists, leave it be.
do $$
begin
    if not exists (select from pg_catalog.pg_namespace where nspname = 'cron') then
        create extension pg_cron with schema pg_catalog;
    end if;
end
$$;
