create or replace function private.find_schedule_problem(p_schedule public.schedules)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return case
        when p_schedule.name is null or length(p_schedule.name) not between 1 and 255
            then 'schedule_name must have 1 to 255 characters.'
        when pg_column_size(p_schedule.metadata) > 32768 then 'metadata must not be larger than 32 KB.'
        else coalesce(
            private.find_cron_problem(p_schedule.cron_expression),
            private.find_job_problem(
                p_schedule.input, p_schedule.priority, p_schedule.environment, p_schedule.execution_mode::text, '{}', '{}',
                null, 3, 3600, null, p_schedule.metadata, 'scheduled'
            )
        )
    end;
end
$$;
comment on function private.find_schedule_problem is
    'What is wrong with a schedule that somebody wants, as a sentence that names the field; null when nothing is. Not its timezone: see find_timezone_problem.';
revoke all on function private.find_schedule_problem from public, anon, authenticated, service_role;
