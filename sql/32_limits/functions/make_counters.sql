-- The caller keeps claims of the tenant away until it commits. Whoever ends leases waits for a counter with the lease locked,
-- so that when all leases are locked no session waits for the old counters; leases that stay are counted in the new ones.
create or replace function private.make_counters(p_limit private.limits)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_old integer[] := array(select c.counter_id from private.limit_counters as c where c.limit_id = p_limit.limit_id);
    v_new integer[];
    v_job_ids uuid[];
    v_parts integer := case when p_limit.max_running >= 64 then 8 else 1 end;
begin
    if cardinality(v_old) = 1 and v_parts = 1 then
        update private.limit_counters as c set max_running = p_limit.max_running where c.limit_id = p_limit.limit_id;
        return;
    end if;

    -- Leases in the order of their ids, like every function that locks several; those that end meanwhile do not count.
    perform
    from private.leases as l
    where l.tenant_id = p_limit.tenant_id
    order by l.job_id
    for update;
    v_job_ids := array(
        select l.job_id
        from private.leases as l
        join public.jobs as j on j.job_id = l.job_id
        where l.tenant_id = p_limit.tenant_id
            and case
                when v_old <> '{}' then l.counter_ids && v_old
                else p_limit.scope = 'tenant'
                    or j.workflow_id = p_limit.workflow_id
                    or j.concurrency_key = p_limit.concurrency_key
                    or p_limit.pool_id = (select r.pool_id from public.robots as r where r.robot_id = l.robot_id)
            end
        order by l.job_id
    );
    if cardinality(v_job_ids) > p_limit.max_running then
        v_parts := 1;   -- no part of it may have room
    end if;
    perform from private.limit_counters as c where c.limit_id = p_limit.limit_id order by c.counter_id for update;
    delete from private.limit_counters as c where c.limit_id = p_limit.limit_id;
    -- Part n of k has the n-th of every k places, and every k jobs that run: full together when the limit is.
    with made as (
        insert into private.limit_counters (counter_id, limit_id, max_running, running)
        select
            ((cardinality(enum_range(null, p_limit.scope)) - 1) << 29) | nextval('private.limit_counter_ids')::integer,
            p_limit.limit_id,
            (p_limit.max_running + v_parts - n) / v_parts,
            (cardinality(v_job_ids) + v_parts - n) / v_parts
        from generate_series(1, v_parts) as n
        returning counter_id
    )
    select array_agg(m.counter_id order by m.counter_id) into v_new from made as m;
    update private.limits as w set counter_ids = v_new where w.limit_id = p_limit.limit_id;
    update private.leases as l
    set counter_ids = array(select u from unnest(l.counter_ids) as u where u <> all (v_old))
        || v_new[(u.n - 1) % v_parts + 1]
    from unnest(v_job_ids) with ordinality as u (job_id, n)
    where l.job_id = u.job_id;
end
$$;
comment on function private.make_counters is
    'Gives a limit the counters that it needs, with the leases that it holds for in them: eight of a limit of 64 or more that is not passed, else one.';
revoke all on function private.make_counters from public, anon, authenticated, service_role;
