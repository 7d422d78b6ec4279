-- Rows that came before their partition are in the default one. They are moved into the new partition, for which nobody
-- may touch jobs for a moment; with partitions made weeks ahead that never happens.
create or replace function private.make_job_partition(p_at timestamptz, p_most_rows integer default 200000)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_week timestamptz := date_trunc('week', p_at, 'UTC');
    v_name text := 'jobs_' || to_char(v_week at time zone 'UTC', 'IYYY"w"IW');
    v_from uuid := private.uuid_v7_floor(v_week);
    v_to uuid := private.uuid_v7_floor(v_week + interval '7 days');
begin
    if to_regclass('private.' || v_name) is not null then
        return false;
    end if;
    perform from private.jobs_default as d where d.job_id >= v_from and d.job_id < v_to offset p_most_rows limit 1;
    if found then
        raise warning 'More than % jobs of % are in the default partition. Move them in a quiet hour: select private.make_job_partition(%, 2147483647)',
            p_most_rows, v_name, quote_literal(v_week);
        return false;
    end if;
    execute format('create table private.%I (like public.jobs including all) with (fillfactor = 70)', v_name);
    execute format('alter table private.%I enable row level security, force row level security', v_name);
    execute format(
        'comment on table private.%I is %L', v_name, format('Jobs made in the week from %s on.', (v_week at time zone 'UTC')::date)
    );
    execute format('revoke all on private.%I from public, anon, authenticated, service_role', v_name);
    if exists (select from private.jobs_default as d where d.job_id >= v_from and d.job_id < v_to) then
        lock table public.jobs in access exclusive mode;
        execute format(
            'with moved as (delete from private.jobs_default where job_id >= $1 and job_id < $2 returning *) '
            'insert into private.%I select * from moved',
            v_name
        ) using v_from, v_to;
    end if;
    execute format(
        'alter table public.jobs attach partition private.%I for values from (%L) to (%L)', v_name, v_from, v_to
    );
    return true;
end
$$;
comment on function private.make_job_partition is
    'Makes the partition of jobs for the week of a time (Monday, UTC), moves its rows there from the default partition, and returns whether it did.';
revoke all on function private.make_job_partition from public, anon, authenticated, service_role;
