create or replace function private.mark_exported(p_partition text, p_finished_before timestamptz)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select
        from pg_catalog.pg_inherits as i
        join pg_catalog.pg_class as c on c.oid = i.inhrelid
        where i.inhparent = 'public.jobs'::regclass and c.relname = p_partition
    ) then
        perform private.raise_error(404, 'PARTITION_NOT_FOUND', format('jobs has no partition %s.', p_partition));
    elsif p_finished_before > clock_timestamp() and p_finished_before > private.clock() then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'finished_before must not lie in the future.');
    end if;
    insert into private.exports as e (partition_name, finished_before, marked_at)
    values (p_partition, p_finished_before, private.clock())
    on conflict (partition_name) do update set
        finished_before = greatest(e.finished_before, excluded.finished_before),
        marked_at = excluded.marked_at;
end
$$;
comment on function private.mark_exported is
    'Says that every job of a partition that finished before a time is safe in a file: those of tenants with export_before_drop may leave now.';
revoke all on function private.mark_exported from public, anon, authenticated, service_role;
