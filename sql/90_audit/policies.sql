alter table public.audit_log enable row level security;
alter table public.audit_log force row level security;
revoke all on table public.audit_log from public, anon, authenticated, service_role;

grant select on table public.audit_log to authenticated;
drop policy if exists audit_log_select_members on public.audit_log;
create policy audit_log_select_members on public.audit_log
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('audit.read')));
