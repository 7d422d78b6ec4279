create or replace function private.promote_scheduled_jobs(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lane record;
    v_promoted integer := 0;
begin
    for v_lane in
        with due as (
            select s.job_id
            from private.scheduled as s
            where s.run_at <= private.clock()
            order by s.run_at
            limit p_limit
            for update skip locked
        ), taken as (
            delete from private.scheduled as s
            where s.job_id = any (array(select d.job_id from due as d))
            returning s.tenant_no, s.lane_id, s.job_id, s.attempts
        ), promoted as (
            insert into private.ready (tenant_no, lane_id, job_id, attempts)
            select t.tenant_no, t.lane_id, t.job_id, t.attempts from taken as t
            returning lane_id
        )
        select p.lane_id, count(*)::integer as jobs from promoted as p group by p.lane_id
    loop
        v_promoted := v_promoted + v_lane.jobs;
        perform private.ring_lane(v_lane.lane_id, v_lane.jobs);
    end loop;
    return v_promoted;
end
$$;
comment on function private.promote_scheduled_jobs(integer) is
    'Makes delayed jobs and retries whose time has come ready, wakes robots for them, and returns how many. Many may run it at once.';
revoke all on function private.promote_scheduled_jobs(integer) from public, anon, authenticated, service_role;
