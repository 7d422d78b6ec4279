create or replace function private.is_followed(p_schedule public.schedules)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select p_schedule.overlap_policy <> 'allow' or p_schedule.max_consecutive_failures > 0
$$;
comment on function private.is_followed is
    'Whether a schedule needs to know how its jobs end.';
revoke all on function private.is_followed from public, anon, authenticated, service_role;
