create or replace function public.release_job(
    p_job_id uuid,
    p_lease_token bigint default null,      -- default: the robot's one live lease of the job
    p_reason text default null      -- why the robot will not run it
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_lease private.leases;
    v_answer jsonb;
    v_reason text := private.nfc(left(nullif(btrim(p_reason), ''), 1024));
    v_message text := coalesce('Rejected by the robot: ' || v_reason, 'Released by the robot.');
begin
    p_lease_token := coalesce(p_lease_token, private.find_lease_token(v_caller, p_job_id, 'released'));
    delete from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id
    returning l.* into v_lease;
    if not found then
        perform private.raise_lease_lost(v_caller, p_job_id);
    end if;
    if v_reason is not null then    -- another one is woken for it
        delete from private.waiting_robots as w where w.robot_id = v_caller.robot_id;
    end if;
    if v_lease.started_at is null then
        v_answer := private.end_uncounted(v_lease, v_message);
    elsif v_lease.cancel_requested_at is not null then
        return private.end_attempt(v_lease, 'failed', null, null, null, false);
    else
        update public.jobs as j
        set past_leases = private.add_past_lease(j.past_leases, v_lease)
        where j.job_id = p_job_id;
        perform private.put_back(v_lease.tenant_no, v_lease.lane_id, array[p_job_id], array[v_lease.attempt - 1]);
        perform private.ring_lane(v_lease.lane_id);
        perform private.announce_job(
            'job.queued', 'queued', v_lease.tenant_id, p_job_id, v_lease.workflow_id, v_lease.workflow_name, null,
            v_lease.attempt - 1, jsonb_build_object('message', v_message)
        );
        v_answer := jsonb_build_object('job_id', p_job_id, 'status', 'queued', 'outcome', 'applied');
    end if;
    if v_lease.counter_ids is not null then
        perform private.count_out(v_lease.counter_ids);
    end if;
    return v_answer;
end
$$;
comment on function public.release_job is
    'Gives a claimed job back without counting the attempt (without a token: the one that the calling robot holds, unless an earlier attempt of it may still run); a job whose cancellation was requested ends cancelled. With a reason the robot rejects it: another one is woken for it. One that was given back several times before it was started waits for a while (retry_at). Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED, 404 JOB_NOT_FOUND. Needs jobs.report.';
revoke all on function public.release_job from public, anon, authenticated, service_role;
grant execute on function public.release_job to authenticated;
