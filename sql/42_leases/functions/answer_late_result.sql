-- Nothing is raised for a robot that held the token: the late result must be committed. The Data API takes the status from the setting, and
-- Python turns the answer's shape, PostgREST's own for an error, into the same error.
create or replace function private.answer_late_result(
    p_caller private.caller,
    p_job_id uuid,
    p_lease_token bigint,
    p_outcome text,
    p_payload jsonb
)
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job record;
    v_was_holder boolean;
    v_is_again boolean;
    v_tenant_id uuid := private.find_reported_job(p_caller, p_job_id);
begin
    select j.status, j.lease_token, j.robot_id, j.past_leases, s.run_at
    into v_job
    from public.jobs as j
    left join private.scheduled as s on s.job_id = j.job_id
    where j.job_id = p_job_id and j.tenant_id = v_tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;

    -- Only the holder's result is stored: a robot that guesses another's token could take the place of its late result.
    v_was_holder := coalesce(
        v_job.past_leases ->> p_lease_token::text = p_caller.robot_id::text
            or (v_job.lease_token = p_lease_token and v_job.robot_id = p_caller.robot_id),
        false
    );
    if not v_was_holder then
        perform private.raise_lease_lost(p_caller, p_job_id);
    end if;

    v_is_again := v_job.lease_token = p_lease_token and case p_outcome
        when 'completed' then v_job.status = 'completed'
        else v_job.status in ('queued', 'failed', 'cancelled')
    end;
    if v_is_again then
        return jsonb_strip_nulls(jsonb_build_object(
            'job_id', p_job_id,
            'status', v_job.status,
            'outcome', 'applied',
            'retry_at', private.to_iso(v_job.run_at)
        ));
    end if;

    insert into public.late_results (tenant_id, job_id, lease_token, robot_id, outcome, payload, received_at)
    values (v_tenant_id, p_job_id, p_lease_token, p_caller.robot_id, p_outcome, p_payload, private.clock())
    on conflict do nothing;
    perform set_config('response.status', '409', true);
    return jsonb_build_object(
        'code', 'PT409',
        'message', case v_job.status
            when 'queued' then 'This lease token does not hold the job any more; the result was kept as evidence.'
            else format('The job is %s already; the result was kept as evidence.', v_job.status)
        end,
        'details', case v_job.status when 'queued' then 'LEASE_LOST' else 'JOB_ALREADY_FINISHED' end,
        'hint', null
    );
end
$$;
comment on function private.answer_late_result is
    'Answers a late result, whose lease is not held any more: the same answer again if this token brought it, else 409 LEASE_LOST, or JOB_ALREADY_FINISHED of a job that has ended, with its first result kept in late_results. Raises the same, and keeps nothing, when the calling robot never held the job with this token; 404 JOB_NOT_FOUND.';
revoke all on function private.answer_late_result from public, anon, authenticated, service_role;
