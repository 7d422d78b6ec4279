-- The catalog view reads every zone's file. A name that a tenant goes by already was looked at when it was set.
create or replace function private.find_timezone_problem(p_timezone text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_timezone = 'UTC' or exists (select from pg_catalog.pg_timezone_names as z where z.name = p_timezone) then
        return null;
    end if;
    return 'timezone must be a name of the IANA time zone database, such as Europe/Berlin.';
end
$$;
comment on function private.find_timezone_problem is
    'A sentence when there is no such time zone; null when there is.';
revoke all on function private.find_timezone_problem from public, anon, authenticated, service_role;
