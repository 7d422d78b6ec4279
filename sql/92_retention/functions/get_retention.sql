create or replace function public.get_retention()
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.read');
begin
    return (
        select jsonb_build_object(
            'days', jsonb_object_agg(
                r.kind, extract(day from private.clock() - private.retention_horizon(r.kind, v_caller.tenant_id))::integer
            ),
            'most_days', jsonb_object_agg(r.kind, r.days),
            'export_before_drop', private.must_export(v_caller.tenant_id)
        )
        from private.retentions as r
        join public.tenants as t on t.plan = r.plan
        where t.tenant_id = v_caller.tenant_id
    );
end
$$;
comment on function public.get_retention is
    'How many days the caller''s tenant keeps jobs, job_logs, robot_logs, job_node_executions, late_results, dead_letters, events and audit_log, and how many its plan allows. Needs settings.read.';
revoke all on function public.get_retention from public, anon, authenticated, service_role;
grant execute on function public.get_retention to authenticated;
