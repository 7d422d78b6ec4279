-- The jobs that stay (live ones, dead letters, such as finished late) are looked up before anything is locked: none can
-- join them, because a job of an old week that is neither live nor a dead letter never changes again. They move to the
-- default partition in the transaction that drops theirs, so nobody ever misses one.
create or replace function private.drop_job_partitions(p_most_kept integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_week record;
    v_horizon timestamptz := private.longest_retention_horizon();
    v_kept uuid[];
    v_must_export boolean;
begin
    for v_week in
        select c.relname as name, c.oid
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'public.jobs'::regclass
            and c.relname ~ '^jobs_[0-9]{4}w[0-9]{2}$'
            and (to_date(right(c.relname, 7), 'IYYY"w"IW') + 7)::timestamp at time zone 'UTC' <= v_horizon
        order by c.relname
    loop
        execute format(
            'with horizons as materialized ('
            '    select t.tenant_id, private.retention_horizon(''jobs'', t.tenant_id) as horizon, '
            '        private.must_export(t.tenant_id) as must_export from public.tenants as t'
            ') '
            'select array('
            '    select j.job_id from private.%1$I as j '
            '    left join horizons as h on h.tenant_id = j.tenant_id '
            '    where j.finished_at is null or j.finished_at >= coalesce(h.horizon, ''infinity'') '
            '        or exists (select from public.dead_letters as l where l.job_id = j.job_id) '
            '    limit $1'
            '), exists ('
            '    select from private.%1$I as j '
            '    join horizons as h on h.tenant_id = j.tenant_id and h.must_export '
            '    where j.finished_at < h.horizon and j.finished_at >= private.exported_until($2) '
            '        and not exists (select from public.dead_letters as l where l.job_id = j.job_id)'
            ')',
            v_week.name
        ) into v_kept, v_must_export using p_most_kept + 1, v_week.oid;
        if v_must_export then
            raise warning '% is not dropped before it was exported: casare-cloud db export % FILE', v_week.name, v_week.name;
            continue;
        elsif cardinality(v_kept) > p_most_kept then
            raise warning '% is not dropped: more than % of its jobs are live or dead letters.', v_week.name, p_most_kept;
            continue;
        end if;
        perform set_config('lock_timeout', '2s', true);     -- whoever wants jobs waits behind us meanwhile
        execute format('alter table public.jobs detach partition private.%I', v_week.name);
        execute format('insert into public.jobs select * from private.%I where job_id = any ($1)', v_week.name) using v_kept;
        execute format('drop table private.%I', v_week.name);
        delete from private.exports as e where e.partition_name = v_week.name;
        return 1;   -- one in a transaction; the others have time
    end loop;
    return 0;
end
$$;
comment on function private.drop_job_partitions is
    'Drops the oldest partition of jobs that is older than every tenant''s retention and returns how many (0 or 1). Jobs of it that are live or dead letters move to the default partition first.';
revoke all on function private.drop_job_partitions from public, anon, authenticated, service_role;
