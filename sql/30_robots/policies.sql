alter table public.robots enable row level security, force row level security;
alter table public.robot_heartbeats enable row level security, force row level security;
alter table public.robot_measurements enable row level security, force row level security;
alter table public.robot_commands enable row level security, force row level security;
alter table public.robot_logs enable row level security, force row level security;
alter table private.robot_failures enable row level security, force row level security;

revoke all on
    public.robots, public.live_robots, public.robot_heartbeats, public.robot_measurements, public.robot_commands, public.robot_logs
    from anon, authenticated, service_role;
grant select on
    public.robots, public.live_robots, public.robot_heartbeats, public.robot_measurements, public.robot_commands, public.robot_logs
    to authenticated;

drop policy if exists robots_select_members on public.robots;
create policy robots_select_members on public.robots
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('robots.read')));

drop policy if exists robots_select_self on public.robots;
create policy robots_select_self on public.robots
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists robot_heartbeats_select_members on public.robot_heartbeats;
create policy robot_heartbeats_select_members on public.robot_heartbeats
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('robots.read')));

drop policy if exists robot_heartbeats_select_self on public.robot_heartbeats;
create policy robot_heartbeats_select_self on public.robot_heartbeats
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists robot_measurements_select_members on public.robot_measurements;
create policy robot_measurements_select_members on public.robot_measurements
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('robots.read')));

drop policy if exists robot_measurements_select_self on public.robot_measurements;
create policy robot_measurements_select_self on public.robot_measurements
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists robot_commands_select_members on public.robot_commands;
create policy robot_commands_select_members on public.robot_commands
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('robots.read')));

drop policy if exists robot_commands_select_self on public.robot_commands;
create policy robot_commands_select_self on public.robot_commands
    for select to authenticated
    using (robot_id = (select private.calling_robot_id()));

drop policy if exists robot_logs_select_members on public.robot_logs;
create policy robot_logs_select_members on public.robot_logs
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('logs.read')));
