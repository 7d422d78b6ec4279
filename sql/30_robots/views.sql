-- The functions that the view calls stand here, before it; every other function has a file of its own.
create or replace function private.back_at()
returns timestamptz
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (select to_timestamp(nullif(t.last_value, 0) / 1000.0) from private.outage_ended_at as t);
end
$$;
comment on function private.back_at is 'When the service was back after its newest outage; null: it never was away.';
revoke all on function private.back_at from public, anon, authenticated, service_role;
grant execute on function private.back_at to authenticated;

create or replace function private.count_held_jobs(p_robot_id uuid)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select count(*)
        from public.robots as r
        join private.leases as l on l.robot_id = r.robot_id
        where r.robot_id = p_robot_id and r.tenant_id = private.permitted_tenant_id('robots.read')
        having count(*) > 0
    );
end
$$;
comment on function private.count_held_jobs is
    'How many jobs a robot of the caller''s tenant holds, whosever they are; null for none, and for any other robot. For the view of robots, whose reader may not see the leases of other tenants'' jobs.';
revoke all on function private.count_held_jobs from public, anon, authenticated, service_role;
grant execute on function private.count_held_jobs to authenticated;

create or replace view public.live_robots with (security_invoker = true) as
select
    r.robot_id,
    r.tenant_id,
    r.external_id,
    r.name,
    r.hostname,
    r.environment,
    case when r.mode = 'active' and h.is_in_maintenance then 'maintenance' else r.mode end::public.robot_mode as mode,
    r.capabilities,
    r.attributes,
    r.tags,
    r.is_internet,
    r.pool_id,
    r.max_concurrent_jobs,
    r.quarantined_at,
    r.quarantine_reason,
    r.created_at,
    r.updated_at,
    h.last_heartbeat_at,
    case when o.is_online then h.online_since end as online_since,
    coalesce(h.health, 'ok') as health,
    coalesce(h.metrics, '{}') as metrics,
    o.is_online,
    r.mode = 'active' and not coalesce(h.is_in_maintenance, false) as is_active,
    coalesce(h.health, 'ok') = 'ok' and r.quarantined_at is null as is_healthy,
    w.load > 0 as is_busy,
    h.last_claim_at,
    h.deaf_since,
    w.load,
    w.job_ids as current_job_ids,
    c.last_command,
    case
        when h.other_session_at > private.clock() - make_interval(secs => coalesce(t.robot_offline_after_seconds, 90))
            then h.other_session_at
    end as other_session_at,
    r.version
from public.robots as r
left join public.robot_heartbeats as h on h.robot_id = r.robot_id
left join public.tenants as t on t.tenant_id = r.tenant_id
cross join lateral (
    select coalesce(
        h.is_online
        and greatest(h.last_heartbeat_at, (select private.back_at()))
            > private.clock() - make_interval(secs => coalesce(t.robot_offline_after_seconds, 90)),
        false
    ) as is_online
) as o
cross join lateral (
    -- Of the jobs of other tenants that it holds for a pool, their number is known here and nothing else.
    select
        array(
            select l.job_id
            from private.leases as l
            where l.robot_id = r.robot_id and l.tenant_id = r.tenant_id
            order by l.job_id
        ) as job_ids,
        case
            when r.pool_id is null then (select count(*) from private.leases as l where l.robot_id = r.robot_id)
            else greatest(
                (select count(*) from private.leases as l where l.robot_id = r.robot_id),
                private.count_held_jobs(r.robot_id)
            )
        end::integer as load
) as w
left join lateral (
    select jsonb_build_object(
        'command_id', k.command_id,
        'command', k.command,
        'reason', k.reason,
        'issued_at', k.issued_at,
        'acknowledged_at', k.acknowledged_at
    ) as last_command
    from public.robot_commands as k
    where k.tenant_id = r.tenant_id and k.robot_id = r.robot_id
    order by k.command_id desc
    limit 1
) as c on true
where r.deleted_at is null;
comment on view public.live_robots is
    'Robots with what they last said of themselves, the jobs of their tenant that they hold and how many they hold in all. A face derives its word from is_online, is_active (its mode, and not in maintenance), is_healthy (no error, not in quarantine) and is_busy (holds a job). other_session_at: when another process with its key was heard of lately.';
