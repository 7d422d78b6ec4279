create or replace function private.complete_leases(
    p_caller private.caller,
    p_job_ids uuid[],
    p_lease_tokens bigint[],        -- and so on: one for each job
    p_results jsonb[],
    p_node_executions jsonb[]       -- default: those in the result
)
returns integer[]
language plpgsql
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_lease private.leases;
    v_dedupe_key text;
    v_node_executions jsonb;
    v_done integer[] := '{}';
    v_notices private.job_notice[] := '{}';
    v_counter_ids integer[] := '{}';
begin
    for i in 1..coalesce(cardinality(p_job_ids), 0) loop
        -- By the job alone: "is not distinct from" cannot use the index of robots, which a plan made for an empty table
        -- might prefer.
        delete from private.leases as l
        where l.job_id = p_job_ids[i]
            and l.lease_token = p_lease_tokens[i]
            and l.robot_id is not distinct from p_caller.robot_id
        returning l.* into v_lease;
        continue when not found;
        update public.jobs as j
        set status = 'completed',
            attempts = v_lease.attempt,
            lease_token = v_lease.lease_token,
            robot_id = v_lease.robot_id,
            claimed_at = v_lease.claimed_at,
            started_at = coalesce(v_lease.started_at, v_lease.claimed_at),
            first_progress_at = v_lease.first_progress_at,
            finished_at = v_now,
            result = p_results[i],
            error_message = null,
            error_type = null,
            error_details = null
        where j.job_id = v_lease.job_id
        returning j.dedupe_key into v_dedupe_key;
        if v_dedupe_key is not null then
            delete from private.dedupe_keys as d
            where d.tenant_id = v_lease.tenant_id and d.dedupe_key = v_dedupe_key;
        end if;
        v_node_executions := coalesce(p_node_executions[i], p_results[i] -> 'node_executions');
        if v_node_executions is not null then
            perform private.keep_node_executions(v_lease, v_node_executions);
        end if;
        v_done := v_done || i;
        v_counter_ids := v_counter_ids || v_lease.counter_ids;
        v_notices := v_notices || (
            v_lease.tenant_id, v_lease.job_id, v_lease.workflow_id, v_lease.workflow_name, v_lease.robot_id, v_lease.attempt,
            jsonb_build_object(
                'progress', 100,
                'duration_ms', round(extract(epoch from v_now - coalesce(v_lease.started_at, v_lease.claimed_at)) * 1000)
            )
        )::private.job_notice;
    end loop;
    if v_done <> '{}' then
        delete from private.robot_failures as f where f.tenant_id = p_caller.tenant_id and f.robot_id = p_caller.robot_id;
        perform private.announce_jobs('job.completed', 'completed', v_notices);
        if v_counter_ids <> '{}' then
            perform private.count_out(v_counter_ids);
        end if;
    end if;
    return v_done;
end
$$;
comment on function private.complete_leases(private.caller, uuid[], bigint[], jsonb[], jsonb[]) is
    'Ends the jobs whose leases a robot holds with their results, keeps what it said of their nodes, and returns the places of those jobs in the arrays, from 1; the others are left to private.answer_stale_report().';
revoke all on function private.complete_leases(private.caller, uuid[], bigint[], jsonb[], jsonb[])
    from public, anon, authenticated, service_role;
