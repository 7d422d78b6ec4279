create or replace function public.read_notifications(p_seq bigint default null)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('events.read');
    v_last bigint;
begin
    if v_caller.user_id is null then
        perform private.raise_error(403, 'FORBIDDEN', 'Only users read notifications.');
    end if;
    if p_seq is not null then
        perform
        from public.events as e
        where e.tenant_id = v_caller.tenant_id
            and e.seq = p_seq
            and e.event_type in ('job.completed', 'job.failed', 'job.timeout', 'job.cancelled', 'robot.offline');
        if not found then
            perform private.raise_error(404, 'NOTIFICATION_NOT_FOUND', 'There is no such notification.');
        end if;
    else
        perform private.sequence_tenant_events(v_caller.tenant_id);
        select c.last_seq into v_last from private.event_counters as c where c.tenant_id = v_caller.tenant_id;
    end if;
    insert into private.notification_marks as m (tenant_id, user_id, read_through, read_seqs)
    values (
        v_caller.tenant_id,
        v_caller.user_id,
        coalesce(v_last, 0),
        case when p_seq is null then '{}' else array[p_seq] end
    )
    on conflict (tenant_id, user_id) do update
    set read_through = greatest(m.read_through, excluded.read_through),
        read_seqs = array(
            select distinct s.seq
            from unnest(m.read_seqs || excluded.read_seqs) as s (seq)
            where s.seq > greatest(m.read_through, excluded.read_through)
            order by s.seq desc
            limit 1000
        );
end
$$;
comment on function public.read_notifications is
    'Marks a notification as read by the caller, a user, or without p_seq all that there are. Needs events.read.';
revoke all on function public.read_notifications from public, anon, authenticated, service_role;
grant execute on function public.read_notifications to authenticated;
