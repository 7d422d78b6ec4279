alter table public.job_rollups enable row level security, force row level security;
alter table public.job_node_executions enable row level security, force row level security;

revoke all on public.job_rollups, public.job_node_executions from public, anon, authenticated, service_role;
grant select on public.job_rollups, public.job_node_executions to authenticated;

drop policy if exists job_rollups_select_members on public.job_rollups;
create policy job_rollups_select_members on public.job_rollups
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('analytics.read')));

drop policy if exists job_node_executions_select_members on public.job_node_executions;
create policy job_node_executions_select_members on public.job_node_executions
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));
