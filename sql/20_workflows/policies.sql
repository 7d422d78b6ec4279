alter table public.workflows enable row level security, force row level security;
alter table public.workflow_versions enable row level security, force row level security;
alter table private.workflow_removals enable row level security, force row level security;
alter table public.workflow_backups enable row level security, force row level security;

revoke all on public.workflows, public.workflow_versions, public.workflow_backups from anon, authenticated, service_role;
grant select on public.workflows, public.workflow_versions, public.workflow_backups to authenticated;

drop policy if exists workflows_select_members on public.workflows;
create policy workflows_select_members on public.workflows
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('workflows.read')));

drop policy if exists workflow_versions_select_members on public.workflow_versions;
create policy workflow_versions_select_members on public.workflow_versions
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('workflows.read')));

drop policy if exists workflow_backups_select_members on public.workflow_backups;
create policy workflow_backups_select_members on public.workflow_backups
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('workflows.read')));
