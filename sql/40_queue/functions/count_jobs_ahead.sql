create or replace function private.count_jobs_ahead(
    p_tenant_no integer,
    p_environment text,
    p_offers text[],
    p_robot_id uuid,
    p_rank integer,     -- the lane's priority less its promotion
    p_job_id uuid,
    p_limit integer,
    p_pool_id uuid default null     -- only jobs that ask for it
)
returns integer
language plpgsql
stable
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    return (
        select count(*)
        from (
            select
            from private.lanes as e
            cross join lateral (
                select
                from private.ready as y
                where y.tenant_no = p_tenant_no
                    and y.lane_id = e.lane_id
                    and (e.priority - e.promotion < p_rank or y.job_id < p_job_id)
                limit least(p_limit, private.lane_room(e.workflow_limit_id, e.key_limit_id))
            ) as ahead
            where e.tenant_no = p_tenant_no
                and (e.robot_id is null or e.robot_id = p_robot_id)
                and private.lane_suits(e.environment, e.required, p_environment, p_offers)
                and e.priority - e.promotion <= p_rank
                and (p_pool_id is null or 'pool:' || p_pool_id = any (e.required))
            limit p_limit
        ) as counted
    );
end
$$;
comment on function private.count_jobs_ahead(integer, text, text[], uuid, integer, uuid, integer, uuid) is
    'How many waiting jobs a robot that has these things would take before a job, p_limit at most.';
revoke all on function private.count_jobs_ahead(integer, text, text[], uuid, integer, uuid, integer, uuid)
    from public, anon, authenticated, service_role;
