create or replace function private.purge_job_rollups(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_count integer;
begin
    delete from public.job_rollups as r
    where r.ctid = any (array(
        select o.ctid
        from public.job_rollups as o
        where o.tenant_id = p_tenant_id
            and (
                o.level = 'tenant_minute' and o.starts_at < private.clock() - interval '2 days'
                or o.level in ('tenant_hour', 'workflow_hour', 'robot_hour') and o.starts_at < private.clock() - interval '100 days'
                or o.level in ('tenant_day', 'workflow_day') and o.starts_at < private.clock() - interval '800 days'
            )
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return (v_count, v_count, case when v_count = p_limit then 'more' end)::private.turn;
end
$$;
comment on function private.purge_job_rollups is
    'Duty, a tenant''s turn: removes p_limit rollups, of minutes after two days, of hours after 100 days and of days after 800, and counts them. A tenant''s total stays.';
revoke all on function private.purge_job_rollups from public, anon, authenticated, service_role;
