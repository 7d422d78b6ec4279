create or replace function private.robot_patience_seconds(p_settings jsonb, p_name text, p_default integer)
returns integer
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select private.setting_number(p_settings, array['robots', p_name], 5, 3000, p_default)
$$;
comment on function private.robot_patience_seconds is
    'How long the robots of a tenant with these settings are waited for: {"robots": {"accept_grace_seconds": 30, "reconnect_window_seconds": 60}}, 5 to 3000; the default for anything else.';
revoke all on function private.robot_patience_seconds from public, anon, authenticated, service_role;
