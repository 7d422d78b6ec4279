create or replace function private.pushes_of(p_settings jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pushes text := p_settings #>> '{realtime,jobs}';
begin
    return case when v_pushes in ('always', 'off') then v_pushes else 'watched' end;
end
$$;
comment on function private.pushes_of is
    'When the changes of a tenant with these settings are pushed: {"realtime": {"jobs": "always"}}, "off", or "watched" (while somebody says that they watch), which is also what anything else means.';
revoke all on function private.pushes_of from public, anon, authenticated, service_role;
