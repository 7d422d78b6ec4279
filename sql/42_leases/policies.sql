alter table private.leases enable row level security, force row level security;
alter table public.job_logs enable row level security, force row level security;
alter table private.outages enable row level security, force row level security;

revoke all on public.job_logs from anon, authenticated, service_role;
grant select on public.job_logs to authenticated;
-- The views live_jobs and live_robots read it in the name of the caller. private is not exposed, and the policies below hold.
grant select on private.leases to authenticated;

drop policy if exists leases_select_members on private.leases;
create policy leases_select_members on private.leases
    for select to authenticated
    using (
        tenant_id = (select private.permitted_tenant_id('jobs.read'))
        or tenant_id = (select private.permitted_tenant_id('robots.read'))
    );

drop policy if exists leases_select_holder on private.leases;
create policy leases_select_holder on private.leases
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists job_logs_select_members on public.job_logs;
create policy job_logs_select_members on public.job_logs
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('logs.read')));
