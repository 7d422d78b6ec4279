create or replace function public.cancel_job(p_job_id uuid, p_reason text default null)
returns jsonb
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.cancel');
    v_reason text := coalesce(nullif(p_reason, ''), 'Cancelled.');
    v_job record;
    v_lease private.leases;
begin
    if length(p_reason) > 1024 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'reason must not have more than 1024 characters.');
    end if;
    -- A job that others move between ready, scheduled and leases meanwhile is looked for again. No lock is taken on its
    -- row: completion takes the lease first and the row second.
    for i in 1..10 loop
        select j.status, j.lane_id, q.tenant_no
        into v_job
        from public.jobs as j
        join private.queue_tenants as q on q.tenant_id = j.tenant_id
        where j.job_id = p_job_id and j.tenant_id = v_caller.tenant_id;
        if not found then
            perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
        elsif v_job.status <> 'queued' then
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', false,
                'previous_status', v_job.status,
                'message', format('Job already %s, cannot cancel', case v_job.status when 'timeout' then 'timed out' else v_job.status::text end),
                'cancel_requested', false
            );
        end if;

        delete from private.ready as r
        where r.tenant_no = v_job.tenant_no and r.lane_id = v_job.lane_id and r.job_id = p_job_id;
        if not found then
            delete from private.scheduled as s where s.job_id = p_job_id;
        end if;
        if found then
            perform private.end_unclaimed_job(p_job_id, v_reason);
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', true,
                'previous_status', 'queued',
                'message', 'Job cancelled successfully',
                'cancel_requested', false
            );
        end if;

        update private.leases as l
        set cancel_requested_at = coalesce(l.cancel_requested_at, private.clock()),
            cancel_reason = coalesce(l.cancel_reason, v_reason)
        where l.job_id = p_job_id
        returning l.* into v_lease;
        if found then
            perform private.broadcast(
                'robot:' || v_lease.robot_id, 'cancel_job',
                jsonb_build_object('job_id', p_job_id, 'reason', v_lease.cancel_reason)
            );
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', true,
                'previous_status', case when v_lease.started_at is null then 'claimed' else 'running' end,
                'message', 'Cancellation requested; the robot has been told',
                'cancel_requested', true
            );
        end if;
    end loop;
    perform private.raise_error(503, 'JOB_BUSY', 'The job is changing hands just now; try again.');
end
$$;
comment on function public.cancel_job(uuid, text) is
    'Cancels a waiting job at once; asks the robot that holds it to stop otherwise (the answer says which). A finished job stays as it is and the answer says so. Raises 404 JOB_NOT_FOUND. Needs jobs.cancel.';
revoke all on function public.cancel_job(uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.cancel_job(uuid, text) to authenticated;
