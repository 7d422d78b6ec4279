-- From tenant to tenant along the index, and within a tenant from old to young. Each run reads at most p_limit rows of at most
-- 200 tenants, and the next one goes on where it ended, so that jobs which are kept (live ones, dead letters) are not read
-- again and again.
create or replace function private.purge_expired_jobs(p_limit integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
    v_longest timestamptz := private.longest_retention_horizon();
    v_tenant_id uuid;
    v_after uuid;
    v_horizon timestamptz;
    v_must_export boolean;
    v_page uuid[];
    v_left integer := p_limit;
    v_count integer;
    v_purged integer := 0;
begin
    select (d.position ->> 'tenant_id')::uuid, (d.position ->> 'job_id')::uuid
    into v_tenant_id, v_after
    from private.duty_runs as d
    where d.name = 'purge_expired_jobs';

    while v_left > 0 loop
        if v_after is null then
            select j.tenant_id
            into v_tenant_id
            from public.jobs as j
            where j.tenant_id > coalesce(v_tenant_id, v_zero)
            order by j.tenant_id
            limit 1;
            exit when v_tenant_id is null;
            v_after := v_zero;
            v_left := v_left - greatest(p_limit / 200, 1);   -- a tenant costs a look into every partition
        end if;
        v_horizon := private.retention_horizon('jobs', v_tenant_id);
        v_must_export := private.must_export(v_tenant_id);
        -- Those who keep longest leave with their partition, a week later at most; only what did not is deleted here.
        v_page := array(
            select j.job_id
            from public.jobs as j
            where j.tenant_id = v_tenant_id
                and j.job_id > v_after
                and j.job_id < private.uuid_v7_floor(
                    v_horizon - case when v_horizon <= v_longest then interval '8 days' else interval '0' end
                )
            order by j.job_id
            limit least(greatest(v_left, 1), 1000)
        );
        delete from public.jobs as j
        where j.job_id = any (v_page)
            and j.finished_at < v_horizon   -- a live job has not finished
            and not exists (select from public.dead_letters as l where l.job_id = j.job_id)
            and (not v_must_export or j.finished_at < private.exported_until(j.tableoid));
        get diagnostics v_count = row_count;
        v_purged := v_purged + v_count;
        v_left := v_left - cardinality(v_page);
        v_after := v_page[cardinality(v_page)];     -- null: this tenant is done
    end loop;

    update private.duty_runs as d
    set position = case
        when v_tenant_id is not null then jsonb_build_object('tenant_id', v_tenant_id, 'job_id', v_after)
    end
    where d.name = 'purge_expired_jobs';
    return v_purged;
end
$$;
comment on function private.purge_expired_jobs(integer) is
    'Deletes finished jobs whose tenant keeps them no longer, reading at most p_limit rows, and returns how many. Live jobs, jobs of dead letters and those that must be exported first stay.';
revoke all on function private.purge_expired_jobs(integer) from public, anon, authenticated, service_role;
