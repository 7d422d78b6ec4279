-- Does not read every zone's file, as private.find_timezone_problem() does, which is for what is kept. A name with digits could be
-- a rule of its own ("Foo+3"), which no database of zones knows: but for Etc/GMT+3 and the like there is none that is in use.
create or replace function private.at_timezone(p_at timestamptz, p_timezone text)
returns timestamp
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_timezone ~ '^([A-Za-z]+([/_-][A-Za-z]+)*|Etc/GMT[+-]?[0-9]{1,2})$' then
        return p_at at time zone p_timezone;
    end if;
    raise sqlstate '22023';
exception
    when invalid_parameter_value then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'timezone must be a name of the IANA time zone database, such as Europe/Berlin.'
        );
        return null;
end
$$;
comment on function private.at_timezone is 'A time as clocks of a time zone show it. Raises 400 INVALID_ARGUMENT for a zone that is not known.';
revoke all on function private.at_timezone from public, anon, authenticated, service_role;
