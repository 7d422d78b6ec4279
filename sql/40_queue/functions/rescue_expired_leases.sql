-- The end of a lease is not indexed, so that renewing one stays cheap; leases are few, and this reads them all.
create or replace function private.rescue_expired_leases(p_limit integer default 200)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_now timestamptz := private.clock();
    v_lease private.leases;
    v_over_at timestamptz;
    v_rescued integer := 0;
    v_timed_out private.leases[] := '{}';
    v_counter_ids integer[] := '{}';
begin
    for v_lease in
        with taken as (
            delete from private.leases as l
            where l.job_id = any (array(
                select l2.job_id
                from private.leases as l2
                where least(l2.lease_expires_at, l2.timeout_at, private.progress_due_at(l2)) <= v_now
                limit p_limit
                for update skip locked
            ))
            returning l.*
        )
        select t.* from taken as t order by t.lane_id   -- the order in which private.put_back() locks lanes
    loop
        v_rescued := v_rescued + 1;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
        -- What was over first is what happened.
        v_over_at := least(v_lease.lease_expires_at, v_lease.timeout_at, private.progress_due_at(v_lease));
        if v_over_at = v_lease.timeout_at then
            perform private.end_attempt(
                v_lease, 'timeout', 'The job took longer than its timeout.', 'JOB_TIMEOUT', null, true
            );
        elsif v_over_at = private.progress_due_at(v_lease) then
            perform private.end_attempt(
                v_lease, 'no_progress',
                format('The robot reported no progress for %s seconds.', v_lease.progress_timeout_seconds),
                'NO_PROGRESS', null, true
            );
        else
            perform private.end_attempt(
                v_lease, 'lost', 'The robot did not renew its lease.', 'LEASE_EXPIRED', null, true
            );
        end if;
        if v_over_at in (v_lease.timeout_at, private.progress_due_at(v_lease)) and v_lease.cancel_requested_at is null then
            v_timed_out := v_timed_out || v_lease;
        end if;
    end loop;
    -- After all locks of lanes, and in one order. A lost lease says nothing against a robot: its machine or its network
    -- was away, with all that it held.
    for v_lease in select t.* from unnest(v_timed_out) as t order by t.robot_id loop
        perform private.count_robot_failure(v_lease.tenant_id, v_lease.robot_id, v_lease.job_id);
    end loop;
    if v_counter_ids <> '{}' then
        perform private.count_out(v_counter_ids);
    end if;
    return v_rescued;
end
$$;
comment on function private.rescue_expired_leases(integer) is
    'Takes back jobs whose lease or time is over, or that report no progress (at most p_limit), and returns how many. The attempt counts; what follows is private.end_attempt()''s to say.';
revoke all on function private.rescue_expired_leases(integer) from public, anon, authenticated, service_role;
