create or replace function private.job_of_schedule(p_schedule public.schedules)
returns private.new_job
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job private.new_job := jsonb_populate_record(null::private.new_job, to_jsonb(p_schedule));
begin
    v_job.pool := p_schedule.pool_id;
    v_job.run_at := null;      -- a schedule's is its own due time; what it fires waits for nothing
    return v_job;
end
$$;
comment on function private.job_of_schedule is
    'The job that a schedule asks for: each option that schedules have a column of. See private.new_job.';
revoke all on function private.job_of_schedule from public, anon, authenticated, service_role;
