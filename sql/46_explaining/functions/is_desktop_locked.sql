create or replace function private.is_desktop_locked(p_live public.live_robots)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        p_live.metrics #>> '{session,interactive}' = 'true' and p_live.metrics #>> '{session,locked}' = 'true', false
    );
end
$$;
comment on function private.is_desktop_locked is
    'Whether all that keeps a robot from the capability session:interactive is that its screen is locked.';
revoke all on function private.is_desktop_locked from public, anon, authenticated, service_role;
