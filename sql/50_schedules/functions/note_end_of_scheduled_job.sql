create or replace function private.note_end_of_scheduled_job()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    with followed as (
        delete from private.schedule_jobs as g where g.job_id = new.job_id returning g.tenant_id, g.schedule_id
    )
    insert into private.schedule_news (tenant_id, schedule_id, job_id, status)
    select f.tenant_id, f.schedule_id, new.job_id, new.status
    from followed as f;
    return null;
end
$$;
comment on function private.note_end_of_scheduled_job is
    'Writes down how a job ended whose schedule wants to know, in the transaction that ends it; waits for nobody.';
revoke all on function private.note_end_of_scheduled_job from public, anon, authenticated, service_role;
