create or replace function private.robot_patience_seconds(p_settings jsonb, p_name text, p_default integer)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_seconds jsonb := p_settings -> 'robots' -> p_name;
begin
    return case
        when jsonb_typeof(v_seconds) = 'number' and v_seconds::numeric between 5 and 3000 then v_seconds::integer
        else p_default
    end;
end
$$;
comment on function private.robot_patience_seconds is
    'How long the robots of a tenant with these settings are waited for: {"robots": {"accept_grace_seconds": 30, "reconnect_window_seconds": 60}}, 5 to 3000; the default for anything else.';
revoke all on function private.robot_patience_seconds from public, anon, authenticated, service_role;
