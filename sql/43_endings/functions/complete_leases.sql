create or replace function private.complete_leases(
    p_caller private.caller,
    p_job_ids uuid[],               -- each once
    p_lease_tokens bigint[],        -- and so on: one for each job
    p_results jsonb[],
    p_node_executions jsonb[]       -- default: those in the result
)
returns integer[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
    v_now timestamptz := private.clock();
    v_lease private.leases;
    v_job_id uuid;
    v_low_job_id uuid;
    v_high_job_id uuid;
    v_leases private.leases[];
    v_dedupe_keys text[];
    v_node_executions jsonb;
    v_done integer[] := '{}';
    v_notices private.job_notice[] := '{}';
    v_counter_ids integer[] := '{}';
begin
    -- By the job alone: "is not distinct from" cannot use the index of robots, which a plan made for an empty table might prefer.
    if cardinality(p_job_ids) > 1 then
        -- One statement for all of them, as each costs anew in every transaction; its bounds choose the partitions before it
        -- begins. One alone is dearer that way than by two plain statements.
        v_low_job_id := p_job_ids[1];
        v_high_job_id := v_low_job_id;
        foreach v_job_id in array p_job_ids loop
            v_low_job_id := least(v_low_job_id, v_job_id);
            v_high_job_id := greatest(v_high_job_id, v_job_id);
        end loop;
        with ended as (
            delete from private.leases as l
            where l.job_id = any (p_job_ids)
                and l.lease_token = p_lease_tokens[array_position(p_job_ids, l.job_id)]
                and l.robot_id is not distinct from p_caller.robot_id
            returning l as lease, l.job_id, array_position(p_job_ids, l.job_id) as place
        ),
        completed as (
            update public.jobs as j
            set status = 'completed',
                attempts = (e.lease).attempt,
                lease_token = (e.lease).lease_token,
                robot_id = (e.lease).robot_id,
                claimed_at = private.no_later_than((e.lease).claimed_at, v_now),
                started_at = private.no_later_than(coalesce((e.lease).started_at, (e.lease).claimed_at), v_now),
                first_progress_at = private.no_later_than((e.lease).first_progress_at, v_now),
                cancel_requested_at = (e.lease).cancel_requested_at,
                finished_at = v_now,
                result = p_results[e.place],
                error_message = null,
                error_type = null,
                error_details = null
            from ended as e
            where j.job_id = e.job_id and j.job_id between v_low_job_id and v_high_job_id
            returning e.lease, e.place, j.dedupe_key
        )
        select
            coalesce(array_agg(c.place order by c.place), '{}'),
            array_agg(c.lease order by c.place),
            array_agg(c.dedupe_key order by c.place)
        into v_done, v_leases, v_dedupe_keys
        from completed as c;
    else
        delete from private.leases as l
        where l.job_id = p_job_ids[1]
            and l.lease_token = p_lease_tokens[1]
            and l.robot_id is not distinct from p_caller.robot_id
        returning l.* into v_lease;
        if found then
            v_done := '{1}';
            v_leases := array[v_lease];
            update public.jobs as j
            set status = 'completed',
                attempts = v_lease.attempt,
                lease_token = v_lease.lease_token,
                robot_id = v_lease.robot_id,
                claimed_at = private.no_later_than(v_lease.claimed_at, v_now),
                started_at = private.no_later_than(coalesce(v_lease.started_at, v_lease.claimed_at), v_now),
                first_progress_at = private.no_later_than(v_lease.first_progress_at, v_now),
                cancel_requested_at = v_lease.cancel_requested_at,
                finished_at = v_now,
                result = p_results[1],
                error_message = null,
                error_type = null,
                error_details = null
            where j.job_id = v_lease.job_id
            returning array[j.dedupe_key] into v_dedupe_keys;
        end if;
    end if;
    for i in 1..cardinality(v_done) loop
        v_lease := v_leases[i];
        if v_dedupe_keys[i] is not null then
            delete from private.dedupe_keys as d
            where d.tenant_id = v_lease.tenant_id and d.dedupe_key = v_dedupe_keys[i];
        end if;
        v_node_executions := coalesce(p_node_executions[v_done[i]], p_results[v_done[i]] -> 'node_executions');
        if v_node_executions is not null then
            perform private.keep_node_executions(v_lease, v_node_executions);
        end if;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
        v_notices := v_notices || (
            v_lease.tenant_id, v_lease.job_id, v_lease.workflow_id, v_lease.workflow_name, v_lease.robot_id, v_lease.attempt,
            jsonb_build_object(
                'progress', 100,
                'duration_ms', round(extract(
                    epoch from v_now - private.no_later_than(coalesce(v_lease.started_at, v_lease.claimed_at), v_now)
                ) * 1000)
            ) || case when v_lease.cancel_requested_at is null then '{}' else '{"cancel_requested": true}' end::jsonb
        )::private.job_notice;
    end loop;
    if v_done <> '{}' then
        perform private.announce_jobs('job.completed', 'completed', v_notices);
        if v_counter_ids <> '{}' then
            perform private.count_out(v_counter_ids);
        end if;
        delete from private.robot_failures as f where f.tenant_id = p_caller.tenant_id and f.robot_id = p_caller.robot_id;
    end if;
    return v_done;
end
$$;
comment on function private.complete_leases is
    'Ends the jobs whose leases a robot holds with their results, stores its report of their nodes, and returns the places of those jobs in the arrays, from 1; the others are left to private.answer_late_result().';
revoke all on function private.complete_leases from public, anon, authenticated, service_role;
