create or replace function public.explain_robot(p_robot text)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot public.robots := private.authorize_for_robot(p_robot, 'robots.read');
    v_live public.live_robots;
    v_tenant_no integer := (select q.tenant_no from private.queue_tenants as q where q.tenant_id = v_robot.tenant_id);
    v_is_fair boolean := (select q.is_fair from private.queue_tenants as q where q.tenant_no = v_tenant_no);
    v_now timestamptz := private.clock();
    v_next private.ready;
    v_nearest private.ready;
    v_offers text[] := private.robot_offers(
        v_robot.capabilities, v_robot.tags, v_robot.is_internet, v_robot.pool_id,
        (select h.is_desktop_open from public.robot_heartbeats as h where h.robot_id = v_robot.robot_id)
    );
    v_is_signed_off boolean := coalesce(
        (select h.is_signed_off from public.robot_heartbeats as h where h.robot_id = v_robot.robot_id), false
    );
    v_has_key boolean := private.has_live_key(v_robot.tenant_id, v_robot.robot_id);
    v_limit private.limits := (
        select w from private.find_full_limits(v_robot.tenant_id, null, null) as w limit 1
    );
    v_has_turns boolean := coalesce(
        private.pool_waits_for(v_robot.pool_id, v_robot.tenant_id, v_robot.environment, v_offers), false
    );
    v_reason_code text;
    v_reason jsonb;
begin
    select r.* into strict v_live from public.live_robots as r where r.robot_id = v_robot.robot_id;
    -- The job that its next claim would take if nothing hindered it.
    select e.tenant_no, e.lane_id, f.job_id into v_next
    from private.lanes as e
    cross join lateral (
        select y.job_id
        from private.ready as y
        where y.tenant_no = v_tenant_no and y.lane_id = e.lane_id
        order by y.job_id
        limit 1
    ) as f
    where e.tenant_no = v_tenant_no
        and (e.robot_id is null or e.robot_id = v_robot.robot_id)
        and private.lane_suits(e.environment, e.required, v_robot.environment, v_offers)
        and (private.lane_room(e.workflow_limit_id, e.key_limit_id) > 0) is not false
    order by
        e.priority - e.promotion, case when v_is_fair then private.share_load(e.share_id, v_now) end nulls first, f.job_id
    limit 1;
    if not found then
        -- Of the lanes in which jobs wait, the one that asks for the least that this robot has not.
        select e.tenant_no, e.lane_id, f.job_id into v_nearest
        from private.lanes as e
        cross join lateral (
            select y.job_id from private.ready as y where y.tenant_no = v_tenant_no and y.lane_id = e.lane_id limit 1
        ) as f
        where e.tenant_no = v_tenant_no
        order by
            e.robot_id is not null,
            e.environment not in ('*', v_robot.environment),
            cardinality(array(select q from unnest(e.required) as q where q <> all (v_offers))),
            e.priority - e.promotion
        limit 1;
    end if;

    v_reason_code := coalesce(
        private.find_robot_hindrance(v_live, v_is_signed_off, v_has_key),
        case
            when v_has_turns then 'next_turn'
            when v_limit.limit_id is not null then private.limit_reason(v_limit)
            when v_next.job_id is not null then 'next_claim'
            when private.is_desktop_locked(v_live) and exists (
                select
                from private.lanes as e
                where e.lane_id = v_nearest.lane_id
                    and (e.robot_id is null or e.robot_id = v_robot.robot_id)
                    and not private.lane_suits(e.environment, e.required, v_robot.environment, v_offers)
                    and private.lane_suits(e.environment, e.required, v_robot.environment, v_offers || 'session:interactive'::text)
            ) then 'robot_session_locked'
            when v_nearest.job_id is not null then 'nothing_suitable'
            else 'nothing_waiting'
        end
    );
    v_reason := private.explain_reason(v_reason_code, private.list_robot_facts(v_live) || private.list_limit_facts(v_limit) || jsonb_build_object(
        'next_job', v_next.job_id,
        'pool', (select p.name from public.pools as p where p.pool_id = v_robot.pool_id),
        'nearest_job', v_nearest.job_id,
        'demand', case when v_nearest.job_id is not null then private.name_lane_demand(v_nearest.lane_id, v_robot, v_offers) end
    ));
    return jsonb_build_object(
        'robot_id', v_robot.robot_id,
        'external_id', v_robot.external_id,
        'is_online', v_live.is_online,
        'is_active', v_live.is_active,
        'is_healthy', v_live.is_healthy,
        'is_busy', v_live.is_busy
    ) || v_reason || jsonb_build_object(
        'since', private.to_iso(case v_reason_code
            when 'robot_quarantined' then v_live.quarantined_at
            when 'robot_offline' then v_live.last_heartbeat_at
            when 'robot_signed_off' then v_live.last_heartbeat_at
            when 'robot_deaf' then v_live.deaf_since
        end),
        'is_eligible', v_has_key
            and private.robot_may_claim(v_live.mode, v_is_signed_off, v_live.quarantined_at)
            and v_live.load < v_live.max_concurrent_jobs
            and (v_limit.limit_id is null or v_has_turns),
        'free_slots', greatest(v_live.max_concurrent_jobs - v_live.load, 0),
        'held_job_ids', to_jsonb(v_live.current_job_ids),
        'next_job_id', v_next.job_id,
        'nearest_job_id', v_nearest.job_id
    );
end
$$;
comment on function public.explain_robot is
    'Why a robot gets nothing, or what it gets: {robot_id, external_id, state, verdict, reason_code, sentence, next_step, since, is_eligible (a claim gets what suits), free_slots, held_job_ids, next_job_id (what its next claim takes if nothing hinders it; of a robot whose pool has other members'' jobs: what it takes of its own tenant when the turn comes), nearest_job_id (when no waiting job suits it)}. Raises 404 ROBOT_NOT_FOUND. Needs robots.read; a robot may ask about itself.';
revoke all on function public.explain_robot from public, anon, authenticated, service_role;
grant execute on function public.explain_robot to authenticated;
