create or replace function private.find_overlap(
    p_schedule public.schedules,
    out outcome public.schedule_outcome,    -- null: nothing is in the way
    out reason text
)
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_job_id uuid;
    v_waiting integer;
begin
    if p_schedule.overlap_policy = 'allow' then
        return;
    end if;
    -- A job that ended while it began to be followed left no news.
    delete from private.schedule_jobs as g
    where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id
        and not exists (select from public.jobs as j where j.job_id = g.job_id and j.finished_at is null);
    select g.job_id into v_job_id
    from private.schedule_jobs as g
    where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id
    order by g.job_id
    limit 1;
    select count(*) into v_waiting
    from public.schedule_fires as f
    where f.tenant_id = p_schedule.tenant_id and f.schedule_id = p_schedule.schedule_id and f.outcome = 'waiting';
    if v_job_id is null and v_waiting = 0 then
        return;
    elsif p_schedule.overlap_policy = 'skip' then
        outcome := 'skipped_overlap';
        reason := format('The job %s of this schedule was not finished.', v_job_id);
    elsif p_schedule.overlap_policy = 'queue' and v_waiting >= 100 then
        outcome := 'skipped_overlap';
        reason := '100 due times of this schedule waited already for its jobs to end.';
    else
        outcome := 'waiting';
        reason := case
            when v_job_id is null then 'It waits for its turn, after due times before it.'
            when p_schedule.overlap_policy = 'queue' then format('It waits until the job %s of this schedule has ended.', v_job_id)
            else format('It waits until the job %s of this schedule is cancelled.', v_job_id)
        end;
    end if;
    if p_schedule.overlap_policy = 'cancel_previous' then
        perform private.drop_waiting_fires(
            p_schedule.tenant_id, array[p_schedule.schedule_id], 'The next due time came while this run waited.'
        );
        insert into private.schedule_news (tenant_id, schedule_id, job_id)
        select g.tenant_id, g.schedule_id, g.job_id
        from private.schedule_jobs as g
        where g.tenant_id = p_schedule.tenant_id and g.schedule_id = p_schedule.schedule_id;
    end if;
end
$$;
comment on function private.find_overlap is
    'What becomes of a due time by the overlap policy of a schedule that the caller has locked, and why, when a job of it is unfinished; asks for the end of that job when the policy is cancel_previous.';
revoke all on function private.find_overlap from public, anon, authenticated, service_role;
