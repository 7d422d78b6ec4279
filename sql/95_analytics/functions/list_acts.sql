-- What happened by itself comes from the events, what people changed from the audit log, if the caller may read it. A kind
-- is the type of an event, or the table and what became of its row.
create or replace function public.list_acts(
    p_days integer default 7,
    p_limit integer default 50,
    p_actor_id uuid default null,
    p_kinds text[] default null
)
returns table (
    act_id text,
    kind text,
    resource_id text,
    actor_id uuid,
    actor_name text,
    happened_at timestamptz,
    data jsonb
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('events.read');
    v_since timestamptz := private.clock() - make_interval(days => p_days);
begin
    if p_days is null or p_days not between 1 and 90 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'days must lie between 1 and 90.');
    end if;
    if p_limit is null or p_limit not between 1 and 10000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must lie between 1 and 10000.');
    end if;
    perform private.sequence_tenant_events(v_caller.tenant_id);
    return query
    with happened as (
        select
            e.event_id::text as act_id,
            e.event_type as kind,
            coalesce(e.job_id, e.robot_id)::text as resource_id,
            e.actor_id,
            e.told_at as happened_at,
            e.data
        from public.events as e
        where e.tenant_id = v_caller.tenant_id
            and e.event_type in (
                'job.started', 'job.completed', 'job.failed', 'job.timeout', 'job.cancelled', 'robot.online', 'robot.offline',
                'schedule.triggered', 'schedule.fired'
            )
            and not starts_with(e.event_type, 'schedule.')
            and e.told_at >= v_since
            and (p_actor_id is null or e.actor_id = p_actor_id)
            and (p_kinds is null or e.event_type = any (p_kinds))
        order by e.told_at desc
        limit p_limit
    ),
    changed as (
        select c.*
        from (
            select
                a.audit_id::text as act_id,
                a.resource_type || '.' || case
                    when a.action = 'create' then 'created'
                    when a.action = 'execute' then 'executed'
                    when a.action = 'delete' or a.new_values ->> 'deleted_at' is not null then 'deleted'
                    when a.resource_type = 'workflows' and a.new_values ->> 'status' in ('published', 'archived')
                        then a.new_values ->> 'status'
                    else 'updated'
                end as kind,
                a.resource_id,
                a.actor_id,
                a.created_at as happened_at,
                jsonb_strip_nulls(jsonb_build_object('name', a.new_values -> 'name')) as data
            from public.audit_log as a
            where a.tenant_id = v_caller.tenant_id
                and private.has_permission(v_caller.permissions, 'audit.read')
                and a.resource_type in ('workflows', 'robots', 'memberships', 'schedules', 'roles')
                and a.created_at >= v_since
                and (p_actor_id is null or a.actor_id = p_actor_id)
        ) as c
        where p_kinds is null or c.kind = any (p_kinds)
        order by c.act_id desc
        limit p_limit
    )
    select
        b.act_id,
        b.kind,
        b.resource_id,
        b.actor_id,
        coalesce(
            nullif(btrim(p.first_name || ' ' || p.last_name), ''),
            p.username,
            (select r.name from public.robots as r where r.robot_id = b.actor_id and r.tenant_id = v_caller.tenant_id),
            (select k.name from public.api_keys as k where k.api_key_id = b.actor_id and k.tenant_id = v_caller.tenant_id)
        ),
        b.happened_at,
        b.data
    from (select * from happened union all select * from changed) as b
    left join public.profiles as p on p.user_id = b.actor_id
    order by b.happened_at desc, b.act_id desc
    limit p_limit;
end
$$;
comment on function public.list_acts is
    'What jobs, robots and people did in the last days of the caller''s tenant, the newest first, with the name of who did it: events, and for who has audit.read changes, too. Needs events.read.';
revoke all on function public.list_acts from public, anon, authenticated, service_role;
grant execute on function public.list_acts to authenticated;
