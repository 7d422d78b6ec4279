alter table public.calendars enable row level security, force row level security;
alter table public.calendar_days enable row level security, force row level security;
alter table public.calendar_blackouts enable row level security, force row level security;
alter table private.calendar_quotas enable row level security, force row level security;

revoke all on public.calendars, public.calendar_days, public.calendar_blackouts from anon, authenticated, service_role;
revoke all on private.calendar_quotas from anon, authenticated, service_role;
grant select on public.calendars, public.calendar_days, public.calendar_blackouts to authenticated;

drop policy if exists calendars_select_members on public.calendars;
create policy calendars_select_members on public.calendars
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));

drop policy if exists calendar_days_select_members on public.calendar_days;
create policy calendar_days_select_members on public.calendar_days
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));

drop policy if exists calendar_blackouts_select_members on public.calendar_blackouts;
create policy calendar_blackouts_select_members on public.calendar_blackouts
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('schedules.read')));
