alter table public.schedules enable row level security, force row level security;
alter table public.schedule_fires enable row level security, force row level security;
alter table private.schedule_quotas enable row level security, force row level security;
alter table private.schedule_jobs enable row level security, force row level security;
alter table private.schedule_news enable row level security, force row level security;

revoke all on public.schedules, public.schedule_fires from anon, authenticated, service_role;
revoke all on private.schedule_quotas, private.schedule_jobs, private.schedule_news from anon, authenticated, service_role;
grant select on public.schedules, public.schedule_fires to authenticated;

drop policy if exists schedules_select_members on public.schedules;
create policy schedules_select_members on public.schedules
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')) and deleted_at is null);

drop policy if exists schedule_fires_select_members on public.schedule_fires;
create policy schedule_fires_select_members on public.schedule_fires
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));
