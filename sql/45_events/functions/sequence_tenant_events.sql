-- The row of the counter is the lock. The session that holds it numbers events; all others read those that have a number.
-- The rows to number are looked up after the lock is held, in a statement of their own: a row that was committed later, however old its
-- inbox_id, gets a later number, so a reader that resumes after a number has seen everything before it.
--
-- While a snapshot is held open anywhere, the index entries of numbered rows cannot be removed; the look-up begins behind
-- those. A row that is committed later than p_lag after rows with higher ids were numbered is found by cron's p_is_whole.
create or replace function private.sequence_tenant_events(
    p_tenant_id uuid,
    p_limit integer default 10000,
    p_is_whole boolean default false,
    p_lag interval default '15 seconds'     -- longer than the API's statement_timeout
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
as $$
declare
    v_now timestamptz := clock_timestamp();     -- what is waited for are transactions
    v_counter private.event_counters;
    v_low bigint;
    v_count integer;
    v_highest bigint;
    v_step constant interval := '1 microsecond';
    v_told_at timestamptz;
begin
    select c.* into v_counter from private.event_counters as c where c.tenant_id = p_tenant_id;
    v_low := case when p_is_whole then 0 else v_counter.low_inbox_id end;
    perform from private.event_inbox as i where i.tenant_id = p_tenant_id and i.inbox_id > v_low limit 1;
    if not found then
        return 0;
    end if;
    select c.*
    into v_counter
    from private.event_counters as c
    where c.tenant_id = p_tenant_id
    for update skip locked;
    if not found then
        return null;    -- another session does it
    end if;
    select e.told_at into v_told_at
    from public.events as e
    where e.tenant_id = p_tenant_id and e.seq = v_counter.last_seq;

    with taken as (
        delete from private.event_inbox as i
        where i.tenant_id = p_tenant_id and i.inbox_id = any (array(
            select n.inbox_id
            from private.event_inbox as n
            where n.tenant_id = p_tenant_id and n.inbox_id > v_low
            order by n.inbox_id
            limit p_limit
        ))
        returning i.*
    ),
    numbered as (
        insert into public.events (
            tenant_id, seq, event_id, event_type, occurred_at, told_at, job_id, robot_id, robot_external_id, workflow_id,
            actor_id, data
        )
        select
            t.tenant_id,
            v_counter.last_seq + t.place,
            private.uuid_v7(t.occurred_at),
            t.event_type,
            t.occurred_at,
            -- No two times are the same, and none is before one that was told already, however late its row was committed.
            greatest(v_told_at, max(t.occurred_at - t.place * v_step) over (order by t.place)) + t.place * v_step,
            t.job_id,
            t.robot_id,
            (select r.external_id from public.robots as r where r.robot_id = t.robot_id and r.tenant_id = p_tenant_id),
            t.workflow_id,
            t.actor_id,
            t.data
        from (select k.*, row_number() over (order by k.inbox_id) as place from taken as k) as t
    )
    select count(*)::integer, max(t.inbox_id) into v_count, v_highest from taken as t;
    update private.event_counters as c
    set last_seq = v_counter.last_seq + v_count,
        low_inbox_id = case when v_now > c.next_low_at + p_lag then c.next_low_inbox_id else c.low_inbox_id end,
        next_low_inbox_id = case
            when v_now > c.next_low_at + p_lag then greatest(c.next_low_inbox_id, v_highest)
            else c.next_low_inbox_id
        end,
        next_low_at = case when v_now > c.next_low_at + p_lag then v_now else c.next_low_at end
    where c.tenant_id = p_tenant_id;
    perform private.fold_job_ends(p_tenant_id, v_counter.last_seq, v_counter.last_seq + v_count);
    return v_count;
end
$$;
comment on function private.sequence_tenant_events is
    'Gives a tenant''s committed events the next numbers of its sequence, oldest first, and counts the jobs that ended by them; returns how many. Does nothing, does not wait and returns null while another session does it.';
revoke all on function private.sequence_tenant_events from public, anon, authenticated, service_role;
