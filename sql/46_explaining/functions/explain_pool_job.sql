-- To a member a pool's robots are one: how many there are and what keeps each is the owner's business.
create or replace function private.explain_pool_job(p_job public.jobs, p_ahead integer)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_pool public.pools;
    v_lane private.lanes;
    v_limit private.limits;
    v_robots record;
begin
    select p.* into v_pool from public.pools as p where p.pool_id = p_job.pool_id;
    if not found then
        return private.explain_reason('pool_deleted', '{}');
    elsif private.pool_weight(p_job.pool_id, p_job.tenant_id) is null then
        -- Its name is nothing that this tenant may see any more.
        return private.explain_reason('pool_left', jsonb_build_object('pool', p_job.pool_id));
    end if;
    select e.* into strict v_lane from private.lanes as e where e.lane_id = p_job.lane_id;
    select
        bool_or(s.suits) as has_suitable,
        bool_or(s.suits and s.works) as has_working,
        bool_or(s.suits and s.works and s.load < s.max_concurrent_jobs) as has_free,
        bool_or(
            s.suits and s.works and s.load < s.max_concurrent_jobs
            and private.pool_waits_for(v_pool.pool_id, p_job.tenant_id, s.environment, s.offers)
        ) as has_others
    into v_robots
    from (
        select
            r.load,
            r.max_concurrent_jobs,
            r.environment,
            o.offers,
            private.lane_suits(v_lane.environment, v_lane.required, r.environment, o.offers) as suits,
            coalesce(
                private.find_robot_hindrance(
                    r, coalesce(h.is_signed_off, false), private.has_live_key(r.tenant_id, r.robot_id)
                ),
                'slots_full'
            ) = 'slots_full' as works
        from public.live_robots as r
        left join public.robot_heartbeats as h on h.robot_id = r.robot_id
        cross join lateral (
            select private.robot_offers(r.capabilities, r.tags, r.is_internet, r.pool_id, h.is_desktop_open) as offers
        ) as o
        where r.tenant_id = v_pool.tenant_id and r.pool_id = v_pool.pool_id
    ) as s;
    select w.* into v_limit
    from private.limits as w
    where w.tenant_id = p_job.tenant_id
        and w.pool_id = p_job.pool_id
        and private.lane_room(w.limit_id, null) = 0;
    if not found then
        select f.* into v_limit
        from private.find_full_limits(p_job.tenant_id, p_job.workflow_id, p_job.concurrency_key) as f
        limit 1;
    end if;
    return private.explain_reason(
        case
            when v_robots.has_suitable is not true then 'pool_no_robot_suits'
            when not v_robots.has_working then 'pool_no_robot_online'
            when v_limit.limit_id is not null then private.limit_reason(v_limit)
            when not v_robots.has_free then 'pool_robots_busy'
            when p_ahead > 0 or v_robots.has_others then 'pool_turn'
            else 'pool_next'
        end,
        private.list_limit_facts(v_limit) || jsonb_build_object('pool', v_pool.name, 'ahead', p_ahead)
    );
end
$$;
comment on function private.explain_pool_job is
    'Why a ready job waits that asks for a pool of another tenant, as private.explain_reason() says it; p_ahead jobs of its own tenant go first.';
revoke all on function private.explain_pool_job from public, anon, authenticated, service_role;
