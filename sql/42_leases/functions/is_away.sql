create or replace function private.is_away(
    p_now_ms bigint default floor(extract(epoch from clock_timestamp()) * 1000)
)
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last_ms bigint := (select t.last_value from private.last_call_at as t);
    v_up_ms bigint := floor(extract(epoch from pg_postmaster_start_time()) * 1000);
begin
    return v_last_ms > 0
        and p_now_ms - greatest(v_last_ms, v_up_ms) < 900000
        and private.was_away(v_last_ms, p_now_ms);
end
$$;
comment on function private.is_away is
    'Whether there seems to be an outage now: no call came since a silence began that private.was_away() calls an outage. Not after 15 minutes in which Postgres runs: then all robots are gone.';
revoke all on function private.is_away from public, anon, authenticated, service_role;
