create or replace function public.complete_job(
    p_job_id uuid,
    p_lease_token bigint default null,      -- default: the robot's one live lease of the job
    p_result jsonb default null,
    p_node_executions jsonb default null    -- default: those in the result
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
begin
    if pg_column_size(p_result) > 10485760 then
        perform private.raise_error(413, 'INVALID_ARGUMENT', 'result must not be larger than 10 MB.');
    end if;
    if p_lease_token is null then
        p_lease_token := private.find_lease_token(
            v_caller, p_job_id, 'completed', jsonb_build_object('result', p_result)
        );
    end if;
    if private.complete_leases(
        v_caller, array[p_job_id], array[p_lease_token], array[p_result], array[p_node_executions]
    ) = '{}' then
        return private.answer_late_result(
            v_caller, p_job_id, p_lease_token, 'completed', jsonb_build_object('result', p_result)
        );
    end if;
    return jsonb_build_object('job_id', p_job_id, 'status', 'completed', 'outcome', 'applied');
end
$$;
comment on function public.complete_job is
    'Ends a job with its result, once; the same call again answers the same. Without a token it is the calling robot''s own lease, as private.find_lease_token() finds it. A token that lost the job answers 409 LEASE_LOST (JOB_ALREADY_FINISHED when it has ended) and its first result is kept in late_results. Node executions are kept beside it. Needs jobs.report.';
revoke all on function public.complete_job from public, anon, authenticated, service_role;
grant execute on function public.complete_job to authenticated;
