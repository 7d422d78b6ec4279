create or replace function public.create_schedule(
    p_workflow_id uuid,
    p_name text,
    p_cron_expression text,
    p_timezone text default null,
    p_is_enabled boolean default true,
    p_priority integer default 10,
    p_execution_mode text default 'lan',
    p_environment text default '*',
    p_input jsonb default '{}',
    p_metadata jsonb default '{}',
    p_pool text default null
)
returns public.schedules
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('schedules.write');
    v_now timestamptz := private.clock();
    v_schedule public.schedules;
    v_problem text;
begin
    if p_execution_mode not in ('lan', 'internet') or p_execution_mode is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'execution_mode must be lan or internet.');
    elsif p_priority not between 0 and 20 or p_priority is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'priority must be between 0 and 20.');
    end if;
    v_schedule.schedule_id := private.uuid_v7();
    v_schedule.tenant_id := v_caller.tenant_id;
    v_schedule.workflow_id := p_workflow_id;
    v_schedule.name := private.nfc(p_name);
    v_schedule.cron_expression := btrim(p_cron_expression);
    select coalesce(p_timezone, t.timezone, 'UTC') into v_schedule.timezone
    from public.tenants as t
    where t.tenant_id = v_caller.tenant_id;
    v_schedule.is_enabled := coalesce(p_is_enabled, true);
    v_schedule.priority := p_priority;
    v_schedule.execution_mode := p_execution_mode;
    v_schedule.environment := private.nfc(p_environment);
    if p_pool is not null then
        v_schedule.pool_id := (private.find_pool(v_caller.tenant_id, p_pool, 'member')).pool_id;
    end if;
    v_schedule.input := p_input;
    v_schedule.metadata := p_metadata;
    v_schedule.run_count := 0;
    v_schedule.failure_count := 0;
    v_schedule.created_by := coalesce(v_caller.user_id, v_caller.api_key_id);
    v_schedule.created_at := v_now;
    v_schedule.updated_at := v_now;
    v_problem := coalesce(
        private.find_schedule_problem(v_schedule),
        case when p_timezone is not null then private.find_timezone_problem(p_timezone) end
    );
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;
    perform private.require_schedulable_workflow(v_caller.tenant_id, p_workflow_id);
    if v_schedule.is_enabled then
        v_schedule.next_run_at := private.next_cron_time(v_schedule.cron_expression, v_schedule.timezone, v_now);
    end if;
    insert into public.schedules values (v_schedule.*);
    return v_schedule;
end
$$;
comment on function public.create_schedule is
    'Makes a schedule of a workflow and returns it, with the time of its next run; the time zone is the tenant''s unless it is given. With a pool (id or name) its robots run the jobs. Raises 404 WORKFLOW_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, 400 INVALID_ARGUMENT. Needs schedules.write.';
revoke all on function public.create_schedule from public, anon, authenticated, service_role;
grant execute on function public.create_schedule to authenticated;
