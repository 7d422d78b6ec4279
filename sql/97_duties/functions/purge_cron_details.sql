create or replace function private.purge_cron_details(p_limit integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from cron.job_run_details as d
    where d.runid = any (array(
        select o.runid from cron.job_run_details as o where o.end_time < now() - interval '1 day' limit p_limit
    ));
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_cron_details is
    'Duty: deletes what cron wrote down of its runs a day ago, which it never does itself, and returns how many.';
revoke all on function private.purge_cron_details from public, anon, authenticated, service_role;
