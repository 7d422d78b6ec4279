create or replace function public.purge_jobs(
    p_status text[] default '{completed,cancelled}',    -- failed and timeout: with their dead letters
    p_finished_before timestamptz default null,         -- null: now
    p_workflow_id uuid default null,                    -- null: of any workflow
    p_limit integer default 1000,
    p_after uuid default null,                          -- next_after of the call before
    p_dry_run boolean default false                     -- count, and delete nothing
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize('jobs.purge');
    v_before timestamptz := coalesce(p_finished_before, private.clock());
    v_after uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
    v_seen integer;
    v_purged uuid[];
    v_dead_letters integer;
    v_logs integer;
begin
    if p_limit not between 1 and 5000 or p_limit is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 5000.');
    elsif p_status is null or p_status = '{}' or not p_status <@ '{completed,failed,cancelled,timeout}'::text[] then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'status must name some of completed, failed, cancelled and timeout.'
        );
    end if;

    -- A page of the tenant's jobs, oldest first, whatever their state: so one call costs the same whatever it finds.
    if p_dry_run then
        with page as materialized (
            select j.job_id, j.workflow_id, j.status, j.finished_at
            from public.jobs as j
            where j.tenant_id = v_caller.tenant_id and j.job_id > v_after
            order by j.job_id
            limit p_limit
        )
        select
            count(*),
            (array_agg(p.job_id order by p.job_id desc))[1],
            coalesce(array_agg(p.job_id) filter (
                where p.finished_at < v_before
                    and p.status = any (p_status::public.job_status[])
                    and (p_workflow_id is null or p.workflow_id = p_workflow_id)
            ), '{}')
        into v_seen, v_after, v_purged
        from page as p;
        select count(*) into v_dead_letters from public.dead_letters as l where l.job_id = any (v_purged);
        select count(*) into v_logs
        from public.job_logs as l
        where l.tenant_id = v_caller.tenant_id and l.job_id = any (v_purged);
        return private.purge_answer(v_purged, v_dead_letters, v_logs, v_seen, p_limit, v_after);
    end if;
    with page as materialized (
        select j.job_id
        from public.jobs as j
        where j.tenant_id = v_caller.tenant_id and j.job_id > v_after
        order by j.job_id
        limit p_limit
    ), purged as (
        delete from public.jobs as j
        where j.job_id = any (array(select p.job_id from page as p))
            and j.tenant_id = v_caller.tenant_id
            and j.finished_at < v_before    -- null while the job is live
            and j.status = any (p_status::public.job_status[])
            and (p_workflow_id is null or j.workflow_id = p_workflow_id)
        returning j.job_id
    )
    select
        (select count(*) from page),
        (select p.job_id from page as p order by p.job_id desc limit 1),
        array(select p.job_id from purged as p)
    into v_seen, v_after, v_purged;
    delete from public.dead_letters as l where l.job_id = any (v_purged);
    get diagnostics v_dead_letters = row_count;
    delete from public.job_logs as l where l.tenant_id = v_caller.tenant_id and l.job_id = any (v_purged);
    get diagnostics v_logs = row_count;
    delete from public.job_node_executions as n where n.tenant_id = v_caller.tenant_id and n.job_id = any (v_purged);
    delete from public.late_results as l where l.tenant_id = v_caller.tenant_id and l.job_id = any (v_purged);

    if v_purged <> '{}' then
        perform private.emit_event(
            v_caller.tenant_id, 'jobs.purged', null, null, p_workflow_id,
            jsonb_build_object('jobs', cardinality(v_purged), 'status', p_status, 'finished_before', private.to_iso(v_before))
        );
    end if;
    return private.purge_answer(v_purged, v_dead_letters, v_logs, v_seen, p_limit, v_after);
end
$$;
comment on function public.purge_jobs is
    'Deletes finished jobs of the caller''s tenant with their logs, node executions, late results and dead letters: looks at p_limit jobs from p_after on, oldest first, and says how many it deleted and where to go on; with p_dry_run it counts what it would delete, and deletes nothing. Never a live job. Needs jobs.purge, which of the built-in roles only admin has.';
revoke all on function public.purge_jobs from public, anon, authenticated, service_role;
grant execute on function public.purge_jobs to authenticated;
