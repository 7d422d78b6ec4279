alter table private.queue_tenants enable row level security, force row level security;
alter table private.limits enable row level security, force row level security;
alter table private.limit_counters enable row level security, force row level security;
alter table private.shares enable row level security, force row level security;
alter table private.share_usage enable row level security, force row level security;
alter table private.lanes enable row level security, force row level security;
alter table public.jobs enable row level security, force row level security;
alter table private.jobs_default enable row level security, force row level security;
alter table private.ready enable row level security, force row level security;
alter table private.scheduled enable row level security, force row level security;
alter table private.leases enable row level security, force row level security;
alter table private.dedupe_keys enable row level security, force row level security;
alter table public.dead_letters enable row level security, force row level security;
alter table public.late_results enable row level security, force row level security;
alter table public.job_logs enable row level security, force row level security;
alter table private.waiting_robots enable row level security, force row level security;
alter table private.pool_turns enable row level security, force row level security;
alter table private.low_water enable row level security, force row level security;
alter table private.outages enable row level security, force row level security;

revoke all on public.jobs, public.dead_letters, public.late_results, public.job_logs, public.live_jobs, public.live_robots
    from anon, authenticated, service_role;
grant select on public.jobs, public.dead_letters, public.late_results, public.job_logs, public.live_jobs, public.live_robots
    to authenticated;
-- What the views read in the name of the caller. private is not exposed, and the policies below hold.
grant select on private.leases, private.scheduled to authenticated;
grant execute on function private.clock(), private.back_at() to authenticated;

-- One policy, so that its first clause alone decides which index serves a list: two policies would be joined by "or".
drop policy if exists jobs_select_members_and_holder on public.jobs;
create policy jobs_select_members_and_holder on public.jobs
    for select to authenticated
    using (
        tenant_id = (select private.job_reader_tenant_id())
        and (
            (select private.permitted_tenant_id('jobs.read')) is not null
            or job_id = any (array(select private.held_job_ids()))
        )
    );

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

drop policy if exists scheduled_select_members on private.scheduled;
create policy scheduled_select_members on private.scheduled
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

drop policy if exists dead_letters_select_members on public.dead_letters;
create policy dead_letters_select_members on public.dead_letters
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

drop policy if exists late_results_select_members on public.late_results;
create policy late_results_select_members on public.late_results
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

drop policy if exists job_logs_select_members on public.job_logs;
create policy job_logs_select_members on public.job_logs
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('logs.read')));
