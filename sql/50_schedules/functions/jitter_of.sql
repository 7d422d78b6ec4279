create or replace function private.jitter_of(p_schedule_id uuid, p_jitter_seconds integer)
returns interval
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select make_interval(secs => ('x' || left(md5(p_schedule_id::text), 8))::bit(32)::bigint % (p_jitter_seconds + 1))
$$;
comment on function private.jitter_of is
    'How long after each due time a schedule runs: 0 to p_jitter_seconds, spread evenly over schedules and the same at every run of one.';
revoke all on function private.jitter_of from public, anon, authenticated, service_role;
