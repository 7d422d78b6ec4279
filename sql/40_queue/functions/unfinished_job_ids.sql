-- A list of waiting jobs must not walk through a history of millions to find the few that wait, and no index of jobs may
-- say who is finished: a completion would have to change it.
create or replace function private.unfinished_job_ids(
    p_is_leased boolean, p_most integer default null, p_before uuid default null
)
returns setof uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_tenant_id uuid := private.permitted_tenant_id('jobs.read');
begin
    if p_is_leased then
        return query
        select l.job_id
        from private.leases as l
        where l.tenant_id = v_tenant_id and (p_before is null or l.job_id < p_before)
        order by l.job_id desc
        limit p_most;
    else
        return query
        select w.job_id
        from (
            select r.job_id
            from private.queue_tenants as q
            join private.lanes as l on l.tenant_no = q.tenant_no
            cross join lateral (
                select r.job_id
                from private.ready as r
                where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id and (p_before is null or r.job_id < p_before)
                order by r.job_id desc
                limit p_most
            ) as r
            where q.tenant_id = v_tenant_id
            union all
            select s.job_id
            from private.scheduled as s
            where s.tenant_id = v_tenant_id and (p_before is null or s.job_id < p_before)
        ) as w
        order by w.job_id desc
        limit p_most;
    end if;
end
$$;
comment on function private.unfinished_job_ids is
    'The newest jobs of the caller''s tenant that robots hold (p_is_leased) or that wait for a robot or a time, up to p_most, those before p_before; none without jobs.read.';
revoke all on function private.unfinished_job_ids from public, anon, authenticated, service_role;
grant execute on function private.unfinished_job_ids to authenticated;
