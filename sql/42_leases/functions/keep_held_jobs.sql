-- For agents that know no lease: as long as they are heard of, they hold what they were given.
create or replace function public.keep_held_jobs()
returns uuid[]
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_until timestamptz := private.clock() + make_interval(secs => private.silence_seconds(v_caller.tenant_id));
    v_kept uuid[];
begin
    with locked as (
        select l.job_id
        from private.leases as l
        where l.robot_id = v_caller.robot_id
        order by l.job_id
        for update
    ), kept as (
        update private.leases as l
        set lease_expires_at = greatest(l.lease_expires_at, v_until), outages = 0
        from locked as k
        where l.job_id = k.job_id
        returning l.job_id
    )
    select coalesce(array_agg(k.job_id order by k.job_id), '{}') into v_kept from kept as k;
    return v_kept;
end
$$;
comment on function public.keep_held_jobs is
    'Renews every lease of the calling robot until it counts as offline, and for five minutes at least; the jobs that it holds so. Never shortens one. Needs jobs.report.';
revoke all on function public.keep_held_jobs from public, anon, authenticated, service_role;
grant execute on function public.keep_held_jobs to authenticated;
