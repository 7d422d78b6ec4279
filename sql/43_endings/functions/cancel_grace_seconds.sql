create or replace function private.cancel_grace_seconds(p_settings jsonb)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select private.setting_number(p_settings, '{queue,cancel_grace_seconds}', 0, 86400, 60)
$$;
comment on function private.cancel_grace_seconds is
    'How long the robots of a tenant with these settings may go on with a job that is to be cancelled: {"queue": {"cancel_grace_seconds": 60}}, 0 to 86400; a minute for anything else.';
revoke all on function private.cancel_grace_seconds from public, anon, authenticated, service_role;
