create or replace function private.deaf_robots()
returns table (robot_id uuid, last_claim_at timestamptz, job_id uuid)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
    v_before timestamptz := private.clock() - interval '5 minutes';
begin
    return query
    select r.robot_id, h.last_claim_at, w.job_id
    from public.robot_heartbeats as h
    join public.robots as r on r.robot_id = h.robot_id and r.deleted_at is null
    join public.tenants as t on t.tenant_id = h.tenant_id
    join private.queue_tenants as q on q.tenant_id = h.tenant_id
    cross join lateral (
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
            and (e.robot_id is null or e.robot_id = r.robot_id)
            and private.lane_suits(
                e.environment, e.required, r.environment, private.robot_offers(r.capabilities, r.tags, r.is_internet, r.pool_id)
            )
            and f.job_id < private.uuid_v7_floor(v_before)
            and (private.lane_room(e.workflow_limit_id, e.key_limit_id) > 0) is not false
        limit 1
    ) as w
    where h.is_online
        and h.deaf_since is null
        and h.last_heartbeat_at > private.clock() - make_interval(secs => t.robot_offline_after_seconds)
        and h.online_since < v_before
        and (h.last_claim_at < v_before) is not false
        and private.robot_may_claim(r.mode, h.is_signed_off, r.quarantined_at)
        and not exists (select from private.find_full_limits(h.tenant_id, null, null))
        and r.max_concurrent_jobs > (select count(*) from private.leases as l where l.robot_id = r.robot_id);
end
$$;
comment on function private.deaf_robots() is
    'Robots that send heartbeats and have free slots, have not claimed for five minutes, and for which a job has been waiting that long; with that job.';
revoke all on function private.deaf_robots() from public, anon, authenticated, service_role;
