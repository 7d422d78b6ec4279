create or replace function private.leave_limits(p_counter_ids integer[], p_jobs integer)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    update private.limit_counters as c
    set running = c.running - p_jobs
    where c.counter_id = any (p_counter_ids);
end
$$;
comment on function private.leave_limits is
    'Takes back what private.enter_limits() counted in this transaction for jobs that the claim did not get.';
revoke all on function private.leave_limits from public, anon, authenticated, service_role;
