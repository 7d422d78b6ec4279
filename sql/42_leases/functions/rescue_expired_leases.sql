-- The end of a lease is not indexed, so that renewing one stays cheap; leases are few, and this reads them all.
create or replace function private.rescue_expired_leases(p_limit integer default 200)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_lease private.leases;
    v_leases private.leases[];
    v_rescued private.leases[];
    v_counter_ids integer[] := '{}';
begin
    if private.is_away() then       -- no robot can renew, as it seems; the next call finds out how long
        return 0;
    end if;
    perform private.lengthen_leases();
    v_leases := array(
        select o.lease
        from (
            select l as lease, l.lane_id
            from private.leases as l
            where private.lease_over_at(l) <= v_now
                and l.job_id = any (array(
                    -- One of each tenant, then a second of each, and so on; of a tenant any, so that many that cannot be ended
                    -- do not keep the others from it for ever.
                    select t.job_id
                    from (
                        select e.job_id, row_number() over (partition by e.tenant_id order by random()) as turn
                        from private.leases as e
                        where private.lease_over_at(e) <= v_now
                    ) as t
                    order by t.turn, random()
                    limit p_limit
                ))
            for update skip locked
        ) as o
        order by o.lane_id      -- in which private.put_back() locks lanes
    );
    begin
        foreach v_lease in array v_leases loop
            perform private.rescue_lease(v_lease);
        end loop;
        v_rescued := v_leases;
    exception
        when others then        -- one by one: a job that cannot be ended must not keep the others
            v_rescued := '{}';
            foreach v_lease in array v_leases loop
                begin
                    perform private.rescue_lease(v_lease);
                    v_rescued := v_rescued || v_lease;
                exception
                    when others then
                        raise warning 'the lease of job % was not taken back: %', v_lease.job_id, sqlerrm;
                end;
            end loop;
    end;
    -- After all locks of lanes: first the counters, then the robots, each in one order.
    foreach v_lease in array v_rescued loop
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
    end loop;
    if v_counter_ids <> '{}' then
        perform private.count_out(v_counter_ids);
    end if;
    -- A lost lease says nothing against a robot: its machine or its network was away, with all that it held.
    for v_lease in select r.* from unnest(v_rescued) as r order by r.robot_id loop
        if private.lease_over_at(v_lease) in (v_lease.timeout_at, private.progress_due_at(v_lease))
            and v_lease.started_at is not null
            and v_lease.cancel_requested_at is null
        then
            perform private.count_robot_failure(v_lease.tenant_id, v_lease.robot_id, v_lease.job_id);
        end if;
    end loop;
    return cardinality(v_rescued);
end
$$;
comment on function private.rescue_expired_leases is
    'Takes back jobs whose lease or time is over, or that report no progress (at most p_limit), and returns how many. The attempt counts when it was started; what follows is private.end_attempt()''s to say, or private.end_uncounted()''s. Does nothing while the service seems to be away, and lengthens leases by an outage first. One that cannot be ended is left, with a warning.';
revoke all on function private.rescue_expired_leases from public, anon, authenticated, service_role;
