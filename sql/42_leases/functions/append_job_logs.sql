create or replace function public.append_job_logs(
    p_job_id uuid,
    p_lease_token bigint,
    p_entries jsonb,
    p_sequence bigint default null      -- of this batch, within the lease; null: a repeat is not known as one
)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_tenant_id uuid;
    v_attempt smallint;
    v_appended integer;
begin
    perform private.check_log_entries(p_entries, p_sequence);

    p_lease_token := coalesce(p_lease_token, private.find_lease_token(v_caller, p_job_id));
    select l.tenant_id, l.attempt into v_tenant_id, v_attempt
    from private.leases as l
    where l.job_id = p_job_id and l.lease_token = p_lease_token and l.robot_id is not distinct from v_caller.robot_id;
    if not found then
        -- The last lines come after the outcome, which waits for nothing: who reported it may still bring them.
        select j.tenant_id, j.attempts into v_tenant_id, v_attempt
        from public.jobs as j
        where j.job_id = p_job_id
            and j.lease_token = p_lease_token
            and coalesce(j.robot_id, j.reported_by) = v_caller.robot_id
            and (j.finished_at is null or j.finished_at > private.clock() - interval '10 minutes');
        if not found then
            perform private.raise_lease_lost(v_caller, p_job_id);
        end if;
    end if;
    if p_sequence is not null and exists (
        select from public.job_logs as l
        where l.tenant_id = v_tenant_id and l.job_id = p_job_id and l.lease_token = p_lease_token and l.sequence = p_sequence
    ) then
        return jsonb_array_length(p_entries);
    end if;
    begin
        if exists (
            select from jsonb_array_elements(p_entries) as x (entry)
            where not private.is_calendar_time((x.entry ->> 'timestamp')::timestamptz)
        ) then
            raise datetime_field_overflow;
        end if;
        insert into public.job_logs (
            tenant_id, job_id, attempt, level, message, node_id, extra, logged_at, lease_token, sequence
        )
        select
            v_tenant_id, p_job_id, v_attempt, coalesce(x.entry ->> 'level', 'info'), x.entry ->> 'message',
            x.entry ->> 'node_id', x.entry -> 'extra', coalesce((x.entry ->> 'timestamp')::timestamptz, private.clock()),
            case when x.n = 1 and p_sequence is not null then p_lease_token end, case when x.n = 1 then p_sequence end
        from jsonb_array_elements(p_entries) with ordinality as x (entry, n)
        order by x.n;
        get diagnostics v_appended = row_count;
        perform private.push_job_logs(v_tenant_id, p_job_id, v_attempt, v_caller.robot_id, p_entries);
    exception
        when unique_violation then      -- the same batch, in this very moment
            return jsonb_array_length(p_entries);
        when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
            perform private.raise_error(400, 'INVALID_ARGUMENT', 'entries: timestamp must be a time in ISO 8601, in the years 1 to 9999.');
    end;
    return v_appended;
end
$$;
comment on function public.append_job_logs is
    'Appends [{level, message, node_id, timestamp, extra}] to the log of a job that the calling robot holds, all or nothing, and returns how many. A batch whose sequence this lease has brought before is not appended again, and is answered alike. The robot whose report ended an attempt may append to it for 10 minutes after the job has ended, or until the next attempt has an outcome. Null as the token means the lease that the robot holds, or the last one that it held. Raises 409 LEASE_LOST or JOB_ALREADY_FINISHED, 404 JOB_NOT_FOUND. Needs jobs.report.';
revoke all on function public.append_job_logs from public, anon, authenticated, service_role;
grant execute on function public.append_job_logs to authenticated;
