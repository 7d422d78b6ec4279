create or replace function private.job_of_trigger(p_trigger public.triggers)
returns private.new_job
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job private.new_job := jsonb_populate_record(null::private.new_job, p_trigger.config - 'input');
begin
    v_job.workflow_id := p_trigger.workflow_id;
    return v_job;
end
$$;
comment on function private.job_of_trigger is
    'The job that a trigger asks for: each option that its configuration has a field of. See private.new_job.';
revoke all on function private.job_of_trigger from public, anon, authenticated, service_role;
