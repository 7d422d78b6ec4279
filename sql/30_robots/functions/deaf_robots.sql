create or replace function private.deaf_robots(p_tenant_id uuid, p_after uuid, p_limit integer)
returns table (robot_id uuid, last_claim_at timestamptz, job_id uuid)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_before timestamptz := private.clock() - interval '5 minutes';
begin
    if private.back_at() >= v_before then   -- they could not ask
        return;
    end if;
    return query
    select c.robot_id, c.last_claim_at, w.job_id
    from (
        select r.robot_id, r.environment, r.pool_id, r.capabilities, r.tags, r.is_internet, h.is_desktop_open, h.last_claim_at
        from public.robot_heartbeats as h
        join public.robots as r on r.robot_id = h.robot_id and r.deleted_at is null
        join public.tenants as t on t.tenant_id = h.tenant_id
        where h.tenant_id = p_tenant_id
            and h.robot_id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
            and h.is_online
            and h.deaf_since is null
            and h.last_heartbeat_at > private.clock() - make_interval(secs => t.robot_offline_after_seconds)
            and h.online_since < v_before
            and (h.last_claim_at < v_before) is not false
            and private.robot_may_claim(r.mode, h.is_signed_off or h.is_in_maintenance, r.quarantined_at)
            and not exists (select from private.find_full_limits(h.tenant_id, null, null))
            and r.max_concurrent_jobs > (select count(*) from private.leases as l where l.robot_id = r.robot_id)
        order by h.robot_id
        limit p_limit
    ) as c
    join private.queue_tenants as q on q.tenant_id = p_tenant_id
    left join lateral (
        select f.job_id
        from private.lanes as e
        cross join lateral (
            select y.job_id
            from private.ready as y
            where y.tenant_no = q.tenant_no and y.lane_id = e.lane_id
            order by y.job_id
            limit 1
        ) as f
        where e.tenant_no = q.tenant_no
            and (e.robot_id is null or e.robot_id = c.robot_id)
            and private.lane_suits(
                e.environment, e.required, c.environment,
                private.robot_offers(c.capabilities, c.tags, c.is_internet, c.pool_id, c.is_desktop_open)
            )
            and f.job_id < private.uuid_v7_floor(v_before)
            and (private.lane_room(e.workflow_limit_id, e.key_limit_id) > 0) is not false
        limit 1
    ) as w on true
    order by c.robot_id;
end
$$;
comment on function private.deaf_robots is
    'The first p_limit robots of a tenant behind p_after that send heartbeats, have free slots and have not claimed for five minutes, each with a job that has been waiting for it that long; null: none has, so it is not deaf.';
revoke all on function private.deaf_robots from public, anon, authenticated, service_role;
