alter table public.dead_letters enable row level security, force row level security;
alter table public.late_results enable row level security, force row level security;

revoke all on public.dead_letters, public.late_results from anon, authenticated, service_role;
grant select on public.dead_letters, public.late_results to authenticated;

drop policy if exists dead_letters_select_members on public.dead_letters;
create policy dead_letters_select_members on public.dead_letters
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));

drop policy if exists late_results_select_members on public.late_results;
create policy late_results_select_members on public.late_results
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('jobs.read')));
