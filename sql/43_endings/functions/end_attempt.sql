-- The one place that decides what follows an attempt that did not succeed, whichever function ends it. The lease is gone already.
create or replace function private.end_attempt(
    p_lease private.leases,
    p_outcome text,             -- failed | timeout | no_progress | lost | forced: a cancellation that its robot ignored
    p_error_message text,
    p_error_type text,
    p_error_details jsonb,
    p_is_retryable boolean,
    p_retry_at timestamptz default null         -- no new attempt before
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_job record;
    v_is_timeout boolean := p_outcome in ('timeout', 'no_progress');
    v_is_business_error boolean;
    v_is_poison boolean;
    v_is_robots_fault boolean;      -- of timeouts, private.rescue_expired_leases() says it
    v_status public.job_status;
    v_may_retry boolean;
    v_retry_at timestamptz;
    v_details jsonb;
    v_answer jsonb;
    -- No robot reported the end of the lease or the time, or the forced end: the robot that held the job gets LEASE_LOST.
    v_reported_token bigint := case when p_outcome = 'failed' then p_lease.lease_token end;
begin
    select j.max_attempts, j.retry_policy, j.dedupe_key, j.lost_by
    into v_job
    from public.jobs as j
    where j.job_id = p_lease.job_id;
    v_is_business_error := p_outcome = 'failed'
        and (not p_is_retryable or coalesce(v_job.retry_policy -> 'non_retryable_errors' ? p_error_type, false));
    v_is_robots_fault := p_outcome = 'failed' and not v_is_business_error and p_lease.cancel_requested_at is null;
    if p_outcome = 'lost' and p_lease.robot_id <> all (v_job.lost_by) and private.is_robot(p_lease.robot_id) then
        v_job.lost_by := v_job.lost_by || p_lease.robot_id;
    end if;
    v_is_poison := p_outcome = 'lost' and cardinality(v_job.lost_by) >= 2;
    if v_is_poison then
        p_error_message := format('%s robots were lost while they ran this job.', cardinality(v_job.lost_by));
        p_error_type := 'POISON_JOB';
    end if;

    v_may_retry := p_is_retryable
        and not v_is_poison
        and v_job.retry_policy ->> 'policy' <> 'none'
        and (not v_is_timeout or coalesce((v_job.retry_policy ->> 'retry_on_timeout')::boolean, true))
        and not v_is_business_error;
    v_details := jsonb_build_object('error_message', p_error_message, 'error_type', p_error_type);

    if p_lease.cancel_requested_at is null and v_may_retry and p_lease.attempt < v_job.max_attempts then
        -- The job keeps its id and so its place. After a lost lease it is ready at once: the time has been lost already.
        v_retry_at := case
            when p_outcome = 'lost' then v_now
            else greatest(v_now + private.retry_delay(v_job.retry_policy, p_lease.attempt), p_retry_at)
        end;
        update public.jobs as j
        set attempts = p_lease.attempt,
            lease_token = v_reported_token,
            reported_by = p_lease.robot_id,
            error_message = p_error_message,
            error_type = p_error_type,
            error_details = p_error_details,
            lost_by = v_job.lost_by,
            past_leases = private.add_past_lease(j.past_leases, p_lease),
            silent_ends = case
                when p_outcome = 'failed' then j.silent_ends
                else j.silent_ends || jsonb_build_object(p_lease.robot_id::text, v_now)
            end,
            uncounted_ends = 0
        where j.job_id = p_lease.job_id;
        if v_retry_at <= v_now then
            perform private.put_back(
                p_lease.tenant_no, p_lease.lane_id, array[p_lease.job_id], array[p_lease.attempt::integer]
            );
            perform private.ring_lane(p_lease.lane_id);
        else
            insert into private.scheduled (job_id, tenant_id, tenant_no, lane_id, run_at, attempts)
            values (p_lease.job_id, p_lease.tenant_id, p_lease.tenant_no, p_lease.lane_id, v_retry_at, p_lease.attempt);
        end if;
        perform private.announce_job(
            'job.retrying', 'queued', p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name,
            p_lease.robot_id, p_lease.attempt, v_details || jsonb_build_object('run_at', private.to_iso(v_retry_at))
        );
        v_answer := jsonb_build_object(
            'job_id', p_lease.job_id, 'status', 'queued', 'outcome', 'applied', 'retry_at', private.to_iso(v_retry_at)
        );
    else
        v_status := case
            when p_lease.cancel_requested_at is not null then 'cancelled'
            when v_is_timeout then 'timeout'
            else 'failed'
        end;
        update public.jobs as j
        set status = v_status,
            attempts = p_lease.attempt,
            lease_token = v_reported_token,
            robot_id = p_lease.robot_id,
            claimed_at = private.no_later_than(p_lease.claimed_at, v_now),
            started_at = private.no_later_than(coalesce(p_lease.started_at, p_lease.claimed_at), v_now),
            first_progress_at = private.no_later_than(p_lease.first_progress_at, v_now),
            cancel_requested_at = p_lease.cancel_requested_at,
            finished_at = v_now,
            error_message = case when v_status = 'cancelled' then coalesce(p_lease.cancel_reason, 'Cancelled.') else p_error_message end,
            error_type = case when v_status <> 'cancelled' then p_error_type end,
            error_details = case when v_status <> 'cancelled' then p_error_details end,
            lost_by = v_job.lost_by,
            past_leases = private.add_past_lease(j.past_leases, p_lease)
        where j.job_id = p_lease.job_id;
        if v_job.dedupe_key is not null then
            delete from private.dedupe_keys as d where d.tenant_id = p_lease.tenant_id and d.dedupe_key = v_job.dedupe_key;
        end if;
        if v_status <> 'cancelled' then
            insert into public.dead_letters (
                job_id, tenant_id, workflow_id, reason, attempts, error_type, error_message, dead_lettered_at
            )
            values (
                p_lease.job_id, p_lease.tenant_id, p_lease.workflow_id,
                case
                    when v_is_poison then 'poison'
                    when v_is_timeout then p_outcome
                    when p_outcome = 'lost' then 'lease_lost'
                    when not v_may_retry then 'not_retryable'
                    else 'attempts_exhausted'
                end,
                p_lease.attempt, p_error_type, p_error_message, v_now
            );
        end if;
        perform private.announce_job(
            'job.' || v_status, v_status::text, p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name,
            p_lease.robot_id, p_lease.attempt,
            case when v_status = 'cancelled' then jsonb_build_object('message', p_lease.cancel_reason) else v_details end
        );
        if v_is_poison and v_status = 'failed' then
            perform private.announce_job(
                'job.poisoned', 'failed', p_lease.tenant_id, p_lease.job_id, p_lease.workflow_id, p_lease.workflow_name,
                p_lease.robot_id, p_lease.attempt, v_details || jsonb_build_object('lost_by', to_jsonb(v_job.lost_by))
            );
        end if;
        v_answer := jsonb_build_object('job_id', p_lease.job_id, 'status', v_status, 'outcome', 'applied');
    end if;
    -- After the lanes, and in this order.
    if p_lease.counter_ids is not null then
        perform private.count_out(p_lease.counter_ids);
    end if;
    if v_is_robots_fault then
        perform private.count_robot_failure(p_lease.tenant_id, p_lease.robot_id, p_lease.job_id);
    end if;
    return v_answer;
end
$$;
comment on function private.end_attempt is
    'Ends an attempt that failed, took too long, stood still or lost its lease: the job waits for its next attempt by its retry policy, or ends as failed, timeout (with a dead letter) or, when that was requested, cancelled. Counts the lease out of the counters that it names.';
revoke all on function private.end_attempt from public, anon, authenticated, service_role;
