create or replace function private.ensure_job_partitions(p_weeks_ahead integer default 4)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_made integer := 0;
begin
    for i in 0..p_weeks_ahead loop
        if private.make_job_partition(private.clock() + make_interval(days => 7 * i)) then
            v_made := v_made + 1;
        end if;
    end loop;
    return v_made;
end
$$;
comment on function private.ensure_job_partitions is
    'Makes the partitions of jobs for this week (Monday, UTC) and p_weeks_ahead more, and returns how many it made.';
revoke all on function private.ensure_job_partitions from public, anon, authenticated, service_role;
