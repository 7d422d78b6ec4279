-- Its callers hold the lock under which the robot claims, so that no lease is made meanwhile. Then leases in the order of
-- their ids, lanes in the order of theirs, and counters, like every function that ends several leases.
create or replace function private.give_back_leases(
    p_robot_id uuid,
    p_job_ids uuid[],
    p_message text,
    p_are_started_too boolean default false
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lease private.leases;
    v_leases private.leases[];
    v_counter_ids integer[] := '{}';
begin
    v_leases := array(
        select o.lease
        from (
            select l as lease, l.lane_id
            from private.leases as l
            where l.job_id = any (p_job_ids)
                and l.robot_id = p_robot_id
                and (l.started_at is null or p_are_started_too)
            order by l.job_id
            for update
        ) as o
        order by o.lane_id
    );
    foreach v_lease in array v_leases loop
        delete from private.leases as l where l.job_id = v_lease.job_id;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
        v_lease.counter_ids := null;
        if v_lease.started_at is not null and (
            v_lease.cancel_requested_at is not null
            or (
                -- Whoever chose none wants no second run of what may have done something already. And what ends its robots'
                -- processes one after another must come to an end, too: as poison, or when its attempts are used up.
                select j.retry_policy ->> 'policy' = 'none' or j.uncounted_ends >= 3
                from public.jobs as j
                where j.job_id = v_lease.job_id
            )
        ) then
            perform private.end_attempt(v_lease, 'lost', p_message, 'LEASE_EXPIRED', null, true);
        else
            perform private.end_uncounted(v_lease, p_message);
        end if;
    end loop;
    if v_counter_ids <> '{}' then
        perform private.count_out(v_counter_ids);
    end if;
    return cardinality(v_leases);
end
$$;
comment on function private.give_back_leases is
    'Takes those of some jobs back that a robot holds and has not started (or has: then a job with the retry policy none ends), without counting the attempts (but of what was started after three ends that cost nothing), and returns how many.';
revoke all on function private.give_back_leases from public, anon, authenticated, service_role;
