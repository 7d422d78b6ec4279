-- Leases in the order of their ids and then the robot's row, as a heartbeat locks them.
create or replace function public.leave_robot_session(p_session_id uuid)
returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_until timestamptz := private.clock() + make_interval(secs => (
        select private.robot_patience_seconds(t.settings, 'reconnect_window_seconds', 60)
        from public.tenants as t
        where t.tenant_id = v_caller.tenant_id
    ));
    v_kept integer;
begin
    if exists (
        select from public.robot_heartbeats as h where h.robot_id = v_caller.robot_id and h.session_id <> p_session_id
    ) then
        return 0;
    end if;
    update private.leases as l
    set lease_expires_at = v_until
    where l.job_id = any (array(
        select o.job_id
        from private.leases as o
        where o.robot_id = v_caller.robot_id and o.started_at is not null
        order by o.job_id
        for update
    ));
    get diagnostics v_kept = row_count;
    update public.robot_heartbeats as h
    set session_id = null
    where h.robot_id = v_caller.robot_id and h.session_id = p_session_id;
    return v_kept;
end
$$;
comment on function public.leave_robot_session is
    'Says that the connection of a session of the calling robot is gone: the jobs that the robot has started stay its own for the reconnect window of its tenant, and the next session is no second process. Does nothing when another session registered meanwhile. Returns how many jobs are kept. Needs jobs.report (robots).';
revoke all on function public.leave_robot_session from public, anon, authenticated, service_role;
grant execute on function public.leave_robot_session to authenticated;
