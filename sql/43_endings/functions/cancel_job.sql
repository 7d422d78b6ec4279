create or replace function public.cancel_job(p_job_id uuid, p_reason text default null, p_force boolean default false)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.cancel');
begin
    return private.try_cancel_job(
        v_caller.tenant_id, p_job_id, private.check_cancel_reason(p_reason), coalesce(p_force, false)
    );
end
$$;
comment on function public.cancel_job is
    'Cancels a waiting job at once; asks the robot that holds it to stop otherwise: then it is cancelled when the robot has stopped (the answer says which). p_force takes it from a robot that was asked and did not stop within the tenant''s grace time; 409 CANCEL_NOT_FORCEABLE before. A finished job stays as it is and the answer says so. Raises 404 JOB_NOT_FOUND. Needs jobs.cancel.';
revoke all on function public.cancel_job from public, anon, authenticated, service_role;
grant execute on function public.cancel_job to authenticated;
