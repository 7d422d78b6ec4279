create or replace function public.get_robot_metrics(p_robot_id uuid)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_caller private.caller := private.caller();
begin
    if v_caller.robot_id is distinct from p_robot_id then   -- a robot may look at itself
        v_caller := private.authorize('analytics.read');
    end if;
    perform private.sequence_tenant_events(v_caller.tenant_id);
    return (
        select jsonb_build_object(
            'completed', coalesce(sum(r.completed), 0),
            'failed', coalesce(sum(r.failed), 0),
            'timed_out', coalesce(sum(r.timed_out), 0),
            'cancelled', coalesce(sum(r.cancelled), 0),
            'duration_ms_sum', coalesce(sum(r.duration_ms_sum), 0)
        )
        from public.job_rollups as r
        where r.tenant_id = v_caller.tenant_id
            and r.level = 'robot_hour'
            and r.starts_at >= private.tenant_day_began_at(v_caller.tenant_id)
            and r.subject_id = p_robot_id
    );
end
$$;
comment on function public.get_robot_metrics is
    'How the jobs ended today (in the tenant''s timezone) that a robot had; zeros for a robot that is not there. Needs analytics.read, but for a robot that asks for itself.';
revoke all on function public.get_robot_metrics from public, anon, authenticated, service_role;
grant execute on function public.get_robot_metrics to authenticated;
