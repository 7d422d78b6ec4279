-- From old to young. The next turn goes on where this one ended, so that jobs which are kept (live ones, dead letters) are not
-- read again and again.
create or replace function private.purge_expired_jobs(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_horizon timestamptz := private.retention_horizon('jobs', p_tenant_id);
    v_must_export boolean := private.must_export(p_tenant_id);
    v_page uuid[];
    v_count integer;
begin
    -- Those who keep longest leave with their partition, a week later at most; only what did not is deleted here.
    v_page := array(
        select j.job_id
        from public.jobs as j
        where j.tenant_id = p_tenant_id
            and j.job_id > coalesce(p_after::uuid, '00000000-0000-0000-0000-000000000000')
            and j.job_id < private.uuid_v7_floor(
                v_horizon - case
                    when v_horizon <= private.longest_retention_horizon() then interval '8 days'
                    else interval '0'
                end
            )
        order by j.job_id
        limit p_limit
    );
    delete from public.jobs as j
    where j.job_id = any (v_page)
        and j.finished_at < v_horizon   -- a live job has not finished
        and not exists (select from public.dead_letters as l where l.job_id = j.job_id)
        and (not v_must_export or j.finished_at < private.exported_until(j.tableoid));
    get diagnostics v_count = row_count;
    -- A tenant costs a look into every partition.
    return (
        v_count, cardinality(v_page) + greatest(p_limit / 20, 1), case when cardinality(v_page) = p_limit then v_page[cardinality(v_page)]::text end
    )::private.turn;
end
$$;
comment on function private.purge_expired_jobs is
    'Duty, a tenant''s turn: deletes finished jobs that it keeps no longer, reading at most p_limit rows, and counts them. Live jobs, jobs of dead letters and those that must be exported first stay.';
revoke all on function private.purge_expired_jobs from public, anon, authenticated, service_role;
