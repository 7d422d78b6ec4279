-- One collision of a key at a time: an advisory lock and not a counter, because cancelling may wait for a lease, and
-- whoever ends a lease waits for its counters afterwards.
create or replace function private.resolve_collision(p_key_limit_id integer, p_job_id uuid)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_limit private.limits;
    v_others uuid[];
    v_job_id uuid;
    v_tenant_no integer;
begin
    select w.* into v_limit from private.limits as w where w.limit_id = p_key_limit_id;
    if not found or v_limit.on_collision = 'queue' then
        return;
    end if;
    v_tenant_no := private.find_queue_tenant(v_limit.tenant_id);
    perform pg_advisory_xact_lock(private.collision_lock(), p_key_limit_id);
    -- One statement: a job that is claimed just now is counted once. Those that were asked to stop already do not count.
    v_others := array(
        select r.job_id
        from private.lanes as l
        join private.ready as r on r.tenant_no = l.tenant_no and r.lane_id = l.lane_id
        where l.tenant_no = v_tenant_no and l.key_limit_id = p_key_limit_id and r.job_id <> p_job_id
        union all
        select e.job_id
        from private.leases as e
        where e.tenant_id = v_limit.tenant_id
            and e.cancel_requested_at is null
            and e.counter_ids && array(
                select c.counter_id from private.limit_counters as c where c.limit_id = p_key_limit_id
            )
        order by 1
    );
    if cardinality(v_others) < v_limit.max_running then
        return;
    elsif v_limit.on_collision = 'cancel_newest' then
        perform private.try_cancel_job(
            v_limit.tenant_id, p_job_id,
            format('Cancelled: an older job has the concurrency key %s.', v_limit.concurrency_key)
        );
    else
        -- At most 100 in one transaction: where many waited before somebody set this rule, the next jobs go on with it.
        foreach v_job_id in array v_others[1:least(cardinality(v_others) - v_limit.max_running + 1, 100)] loop
            perform private.try_cancel_job(
                v_limit.tenant_id, v_job_id,
                format('Cancelled: a newer job has the concurrency key %s.', v_limit.concurrency_key)
            );
        end loop;
    end if;
end
$$;
comment on function private.resolve_collision is
    'Applies the collision rule of a concurrency key to a job that became ready for the first time: it is cancelled, or the oldest others are (those that run are asked to stop; at most 100 at once), so that no more than the limit''s number go on.';
revoke all on function private.resolve_collision from public, anon, authenticated, service_role;
