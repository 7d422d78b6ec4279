create or replace function private.try_cancel_job(p_tenant_id uuid, p_job_id uuid, p_reason text, p_is_forced boolean default false)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_job record;
    v_lease private.leases;
begin
    -- A job that others move between ready, scheduled and leases meanwhile is looked for again. No lock is taken on its
    -- row: completion takes the lease first and the row second.
    for i in 1..10 loop
        select j.status, j.lane_id, q.tenant_no
        into v_job
        from public.jobs as j
        join private.queue_tenants as q on q.tenant_id = j.tenant_id
        where j.job_id = p_job_id and j.tenant_id = p_tenant_id;
        if not found then
            perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
        elsif v_job.status <> 'queued' then
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', false,
                'cancel_requested', false,
                'is_forced', false,
                'previous_status', v_job.status
            );
        end if;

        delete from private.ready as r
        where r.tenant_no = v_job.tenant_no and r.lane_id = v_job.lane_id and r.job_id = p_job_id;
        if not found then
            delete from private.scheduled as s where s.job_id = p_job_id;
        end if;
        if found then
            perform private.end_unclaimed_job(p_job_id, p_reason);
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', true,
                'cancel_requested', false,
                'is_forced', false,
                'previous_status', 'queued'
            );
        end if;

        select l.* into v_lease from private.leases as l where l.job_id = p_job_id for update;
        if found then
            if p_is_forced then
                return private.force_cancellation(v_lease);
            end if;
            if v_lease.cancel_requested_at is null then
                v_lease.cancel_reason := p_reason;
                update private.leases as l
                set cancel_requested_at = private.clock(), cancel_reason = p_reason
                where l.job_id = p_job_id;
                perform private.announce_job(
                    'job.cancel_requested', case when v_lease.started_at is null then 'claimed' else 'running' end,
                    v_lease.tenant_id, p_job_id, v_lease.workflow_id, v_lease.workflow_name, v_lease.robot_id,
                    v_lease.attempt, jsonb_build_object('message', p_reason)
                );
            end if;
            perform private.broadcast(
                'robot:' || v_lease.robot_id, 'cancel_job',
                jsonb_build_object('job_id', p_job_id, 'reason', v_lease.cancel_reason)
            );
            return jsonb_build_object(
                'job_id', p_job_id,
                'cancelled', false,     -- not before it is so: the robot may complete the job yet
                'cancel_requested', true,
                'is_forced', false,
                'previous_status', case when v_lease.started_at is null then 'claimed' else 'running' end
            );
        end if;
    end loop;
    perform private.raise_error(503, 'JOB_BUSY', 'The job is changing hands just now; try again.', '1');
end
$$;
comment on function private.try_cancel_job is
    'Cancels a waiting job of a tenant, or asks the robot that holds it to stop (forced: takes the job away from one that was asked), and says which; a finished job stays as it is. Raises 404 JOB_NOT_FOUND, 409 CANCEL_NOT_FORCEABLE. Does not authorize the caller: its callers do.';
revoke all on function private.try_cancel_job from public, anon, authenticated, service_role;
