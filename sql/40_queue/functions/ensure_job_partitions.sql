-- Rows that came before their partition are in the default one. They are moved into the new partition, for which nobody
-- may touch jobs for a moment; with partitions made weeks ahead that never happens.
create or replace function private.ensure_job_partitions(p_weeks_ahead integer default 4)
returns integer
language plpgsql
set search_path = ''
as $$
declare
    v_week timestamptz;
    v_name text;
    v_from uuid;
    v_to uuid;
    v_made integer := 0;
begin
    for i in 0..p_weeks_ahead loop
        v_week := date_trunc('week', private.clock(), 'UTC') + make_interval(days => 7 * i);
        v_name := 'jobs_' || to_char(v_week at time zone 'UTC', 'IYYY"w"IW');
        continue when to_regclass('private.' || v_name) is not null;
        v_from := private.uuid_v7_floor(v_week);
        v_to := private.uuid_v7_floor(v_week + interval '7 days');
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
        v_made := v_made + 1;
    end loop;
    return v_made;
end
$$;
comment on function private.ensure_job_partitions(integer) is
    'Makes the partitions of jobs for this week (Monday, UTC) and p_weeks_ahead more, and returns how many it made.';
revoke all on function private.ensure_job_partitions(integer) from public, anon, authenticated, service_role;
