create or replace function private.is_desktop_open(p_metrics jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        p_metrics #>> '{session,interactive}' = 'true' and p_metrics #>> '{session,locked}' = 'false', false
    );
end
$$;
comment on function private.is_desktop_open is
    'Whether a heartbeat''s metrics have an interactive session that is not locked: then the robot offers session:interactive.';
revoke all on function private.is_desktop_open from public, anon, authenticated, service_role;
