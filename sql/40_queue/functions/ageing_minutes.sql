create or replace function private.ageing_minutes(p_settings jsonb)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select private.setting_number(p_settings, '{queue,ageing_minutes}', 0, 100000, 30)
$$;
comment on function private.ageing_minutes is
    'After how many minutes without a claim a lane of a tenant with these settings is promoted: {"queue": {"ageing_minutes": 30}}, 0 for never.';
revoke all on function private.ageing_minutes from public, anon, authenticated, service_role;
