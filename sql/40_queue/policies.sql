alter table private.queue_tenants enable row level security, force row level security;
alter table private.lanes enable row level security, force row level security;
alter table public.jobs enable row level security, force row level security;
alter table private.jobs_default enable row level security, force row level security;
alter table private.ready enable row level security, force row level security;
alter table private.scheduled enable row level security, force row level security;
alter table private.dedupe_keys enable row level security, force row level security;

revoke all on public.jobs, public.live_jobs from anon, authenticated, service_role;
grant select on public.jobs, public.live_jobs to authenticated;
-- What the view reads in the name of the caller. private is not exposed, and the policies below hold.
grant select on private.scheduled to authenticated;
grant execute on function private.clock to authenticated;

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

drop policy if exists scheduled_select_members on private.scheduled;
create policy scheduled_select_members on private.scheduled
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));
