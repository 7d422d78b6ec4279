-- Each type's newest events are the head of its part of an index; the newest of all are among them.
create or replace function public.list_notifications(p_limit integer default 20, p_offset integer default 0)
returns table (
    total bigint,
    seq bigint,
    event_type text,
    happened_at timestamptz,
    job_id uuid,
    robot_id uuid,
    data jsonb,
    is_read boolean
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('events.read');
    v_marks private.notification_marks;
begin
    if p_limit is null or p_limit not between 1 and 100 or p_offset is null or p_offset not between 0 and 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must lie between 1 and 100, offset between 0 and 1000.');
    end if;
    perform private.sequence_tenant_events(v_caller.tenant_id);
    select m.* into v_marks
    from private.notification_marks as m
    where m.tenant_id = v_caller.tenant_id and m.user_id = v_caller.user_id;
    return query
    with newest as (
        select f.*
        from unnest('{job.completed,job.failed,job.timeout,job.cancelled,robot.offline}'::text[]) as t (event_type)
        cross join lateral (
            select e.seq, e.event_type, e.told_at, e.job_id, e.robot_id, e.data
            from public.events as e
            where e.tenant_id = v_caller.tenant_id
                and e.event_type = t.event_type
                and e.event_type in (
                    'job.started', 'job.completed', 'job.failed', 'job.timeout', 'job.cancelled', 'robot.online',
                    'robot.offline', 'schedule.triggered', 'schedule.fired'
                )
                and e.told_at > private.clock() - interval '30 days'
            order by e.told_at desc
            limit 1100
        ) as f
    )
    select
        count(*) over (),
        n.seq,
        n.event_type,
        n.told_at,
        n.job_id,
        n.robot_id,
        n.data,
        coalesce(n.seq <= v_marks.read_through or n.seq = any (v_marks.read_seqs), false)
    from newest as n
    order by n.seq desc
    limit p_limit
    offset p_offset;
end
$$;
comment on function public.list_notifications is
    'What a member wants to be told of: jobs that ended and robots that went offline in the last 30 days, the newest first, and whether the caller has read it; total counts at most 1,100 of a kind. Needs events.read.';
revoke all on function public.list_notifications from public, anon, authenticated, service_role;
grant execute on function public.list_notifications to authenticated;
