create or replace function public.append_robot_logs(
    p_entries jsonb,
    p_sequence bigint default null      -- of this batch; null: a repeat is not known as one
)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('robots.heartbeat');
    v_appended integer;
begin
    perform private.check_log_entries(p_entries, p_sequence);
    if exists (
        select from jsonb_array_elements(p_entries) as x (entry)
        where not private.is_calendar_time((x.entry ->> 'timestamp')::timestamptz)
    ) then
        raise datetime_field_overflow;
    end if;
    insert into public.robot_logs (tenant_id, robot_id, level, message, source, extra, logged_at, sequence)
    select
        v_caller.tenant_id, v_caller.robot_id, coalesce(x.entry ->> 'level', 'info'), x.entry ->> 'message',
        x.entry ->> 'source', x.entry -> 'extra', coalesce((x.entry ->> 'timestamp')::timestamptz, private.clock()),
        case when x.n = 1 then p_sequence end
    from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
    order by x.n;
    get diagnostics v_appended = row_count;
    return v_appended;
exception
    when unique_violation then      -- the same batch again
        return jsonb_array_length(p_entries);
    when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'entries: timestamp must be a time in ISO 8601, in the years 1 to 9999.');
end
$$;
comment on function public.append_robot_logs is
    'Appends [{level, message, source, timestamp, extra}] to the log of the calling robot itself, all or nothing, and returns how many. A batch with the sequence and the first timestamp of an earlier one is not appended again, and is answered alike: a robot that was started again may count from the beginning. Needs robots.heartbeat (robots).';
revoke all on function public.append_robot_logs from public, anon, authenticated, service_role;
grant execute on function public.append_robot_logs to authenticated;
