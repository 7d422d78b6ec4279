create or replace function public.append_job_logs(p_job_id uuid, p_lease_token bigint, p_entries jsonb)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_lease private.leases;
    v_problem text;
    v_appended integer;
begin
    if jsonb_typeof(p_entries) is distinct from 'array' or jsonb_array_length(p_entries) > 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'entries must be a list of at most 1000 entries.');
    end if;
    select format('entries[%s]: %s', e.n - 1, e.problem) into v_problem
    from (
        select x.n, case
            when jsonb_typeof(x.entry) <> 'object' then 'must be an object.'
            when jsonb_typeof(x.entry -> 'message') is distinct from 'string' then 'message must be a text.'
            when length(x.entry ->> 'message') > 65536 then 'message must not have more than 65536 characters.'
            when coalesce(x.entry ->> 'level', 'info') not in ('debug', 'info', 'warning', 'error', 'critical')
                then 'level must be debug, info, warning, error or critical.'
            when length(x.entry ->> 'node_id') > 255 then 'node_id must not have more than 255 characters.'
        end as problem
        from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
    ) as e
    where e.problem is not null
    order by e.n
    limit 1;
    if v_problem is not null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', v_problem);
    end if;

    select l.* into v_lease
    from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id;
    if not found then
        perform private.raise_lease_lost(v_caller, p_job_id);
    end if;
    begin
        if exists (
            select from jsonb_array_elements(p_entries) as x (entry)
            where not private.is_calendar_time((x.entry ->> 'timestamp')::timestamptz)
        ) then
            raise datetime_field_overflow;
        end if;
        insert into public.job_logs (tenant_id, job_id, attempt, level, message, node_id, extra, logged_at)
        select
            v_lease.tenant_id, p_job_id, v_lease.attempt, coalesce(x.entry ->> 'level', 'info'), x.entry ->> 'message',
            x.entry ->> 'node_id', x.entry -> 'extra', coalesce((x.entry ->> 'timestamp')::timestamptz, private.clock())
        from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
        order by x.n;
        get diagnostics v_appended = row_count;
    exception
        when datetime_field_overflow or invalid_datetime_format then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'entries: timestamp must be a time in ISO 8601, in the years 1 to 9999.');
    end;
    return v_appended;
end
$$;
comment on function public.append_job_logs(uuid, bigint, jsonb) is
    'Appends [{level, message, node_id, timestamp, extra}] to the log of a job that the calling robot holds, all or nothing, and returns how many. Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED, 404 JOB_NOT_FOUND. Needs jobs.report.';
revoke all on function public.append_job_logs(uuid, bigint, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.append_job_logs(uuid, bigint, jsonb) to authenticated;
