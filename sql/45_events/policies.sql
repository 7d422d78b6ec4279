alter table public.events enable row level security;
alter table public.events force row level security;
alter table private.event_inbox enable row level security;
alter table private.event_inbox force row level security;
alter table private.event_counters enable row level security;
alter table private.event_counters force row level security;
alter table private.notification_marks enable row level security;
alter table private.notification_marks force row level security;
revoke all on table public.events, private.event_inbox, private.event_counters, private.notification_marks
    from public, anon, authenticated, service_role;

grant select on table public.events to authenticated;
drop policy if exists events_select_members on public.events;
create policy events_select_members on public.events
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('events.read')));
