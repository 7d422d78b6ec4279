create or replace function private.place_default_jobs()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    -- Older weeks were dropped: what is kept of them stays in the default partition.
    v_from uuid := private.uuid_v7_floor(date_trunc('week', private.longest_retention_horizon(), 'UTC'));
    v_job_id uuid;
    v_placed integer := 0;
begin
    perform set_config('lock_timeout', '2s', true);
    loop
        select d.job_id into v_job_id from private.jobs_default as d where d.job_id >= v_from order by d.job_id limit 1;
        exit when not found;
        if private.make_job_partition(private.uuid_v7_time(v_job_id)) then
            v_placed := v_placed + 1;
            raise warning 'The partition of jobs for the week of % was missing.', private.uuid_v7_time(v_job_id)::date;
        end if;
        v_from := private.uuid_v7_floor(date_trunc('week', private.uuid_v7_time(v_job_id), 'UTC') + interval '7 days');
    end loop;
    return v_placed;
end
$$;
comment on function private.place_default_jobs is
    'Makes the partitions that were missing when jobs came and moves the jobs there from the default partition; returns how many weeks.';
revoke all on function private.place_default_jobs from public, anon, authenticated, service_role;
