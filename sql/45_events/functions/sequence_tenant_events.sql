-- The row of the counter is the lock. Whoever holds it numbers; everybody else reads what has a number. The rows to number
-- are looked up after the lock is held, in a statement of their own: a row that was committed later, however old its
-- inbox_id, gets a later number, so a reader that resumes after a number has seen everything before it.
create or replace function private.sequence_tenant_events(p_tenant_id uuid, p_limit integer default 10000)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_last_seq bigint;
    v_count integer;
begin
    perform from private.event_inbox as i where i.tenant_id = p_tenant_id limit 1;
    if not found then
        return 0;
    end if;
    select c.last_seq
    into v_last_seq
    from private.event_counters as c
    where c.tenant_id = p_tenant_id
    for update skip locked;
    if not found then
        return 0;   -- somebody else is at it
    end if;

    with taken as (
        delete from private.event_inbox as i
        where i.tenant_id = p_tenant_id and i.inbox_id in (
            select n.inbox_id
            from private.event_inbox as n
            where n.tenant_id = p_tenant_id
            order by n.inbox_id
            limit p_limit
        )
        returning i.*
    )
    insert into public.events (
        tenant_id, seq, event_id, event_type, occurred_at, job_id, robot_id, workflow_id, actor_id, data
    )
    select
        t.tenant_id,
        v_last_seq + row_number() over (order by t.inbox_id),
        private.uuid_v7(t.occurred_at),
        t.event_type,
        t.occurred_at,
        t.job_id,
        t.robot_id,
        t.workflow_id,
        t.actor_id,
        t.data
    from taken as t;
    get diagnostics v_count = row_count;
    update private.event_counters as c
    set last_seq = v_last_seq + v_count
    where c.tenant_id = p_tenant_id;
    perform private.fold_job_ends(p_tenant_id, v_last_seq, v_last_seq + v_count);
    return v_count;
end
$$;
comment on function private.sequence_tenant_events(uuid, integer) is
    'Gives a tenant''s committed events the next numbers of its sequence, oldest first, and counts the jobs that ended by them; returns how many. Does nothing, and waits for nobody, while another session does it.';
revoke all on function private.sequence_tenant_events(uuid, integer) from public, anon, authenticated, service_role;
