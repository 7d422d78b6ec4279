create or replace function private.ensure_builtin_roles()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into public.permissions (code, description)
    values
        ('workflows.read', 'See workflows and their versions'),
        ('workflows.write', 'Create and change workflows'),
        ('workflows.delete', 'Delete workflows'),
        ('workflows.execute', 'Run workflows'),
        ('workflows.publish', 'Publish workflow versions'),
        ('jobs.read', 'See jobs, their progress and results'),
        ('jobs.create', 'Enqueue jobs'),
        ('jobs.cancel', 'Cancel jobs'),
        ('jobs.purge', 'Delete finished jobs with all that belongs to them'),
        ('jobs.retry', 'Retry jobs that ended badly'),
        ('jobs.delete', 'Take dead letters away for good'),
        ('jobs.claim', 'Claim jobs (robots)'),
        ('jobs.report', 'Report on claimed jobs (robots)'),
        ('robots.read', 'See robots'),
        ('robots.write', 'Register, change and delete robots'),
        ('robots.control', 'Pause, resume and stop robots'),
        ('robots.heartbeat', 'Say that a robot is alive (robots)'),
        ('schedules.read', 'See schedules'),
        ('schedules.write', 'Create, change and delete schedules'),
        ('triggers.read', 'See triggers'),
        ('triggers.write', 'Create, change and delete triggers'),
        ('triggers.fire', 'Fire triggers by hand'),
        ('events.read', 'Read the stream of events'),
        ('analytics.read', 'See figures and reports'),
        ('logs.read', 'Read what jobs logged'),
        ('api_keys.read', 'See API keys, never the keys themselves'),
        ('api_keys.write', 'Create, rotate and revoke API keys'),
        ('members.read', 'See members, roles and invitations'),
        ('members.write', 'Invite and remove members, give and take roles'),
        ('settings.read', 'See the settings of the tenant'),
        ('settings.write', 'Change the settings of the tenant'),
        ('audit.read', 'Read who changed what')
    on conflict (code) do update set description = excluded.description;

    -- Fixed ids: the same in every installation.
    insert into public.roles (role_id, tenant_id, name, slug, description)
    values
        ('00000000-0000-7000-8000-000000000001', null, 'Admin', 'admin', 'May do everything in the tenant'),
        ('00000000-0000-7000-8000-000000000002', null, 'Developer', 'developer', 'Builds workflows and runs them'),
        ('00000000-0000-7000-8000-000000000003', null, 'Operator', 'operator', 'Runs workflows and looks after robots'),
        ('00000000-0000-7000-8000-000000000004', null, 'Viewer', 'viewer', 'Looks and changes nothing'),
        ('00000000-0000-7000-8000-000000000005', null, 'Robot', 'robot', 'What a robot key may do; never given to a member')
    on conflict (role_id) do update
    set name = excluded.name, slug = excluded.slug, description = excluded.description;

    insert into public.role_permissions (role_id, permission)
    select r.role_id, p.permission
    from (
        values
            ('admin', '{*}'::text[]),
            (
                'developer',
                '{workflows.*,jobs.read,jobs.create,jobs.cancel,jobs.retry,jobs.delete,schedules.*,triggers.*,robots.read,events.read,analytics.read,logs.read}'
            ),
            (
                'operator',
                '{workflows.read,workflows.execute,jobs.read,jobs.create,jobs.cancel,jobs.retry,robots.read,robots.control,schedules.read,triggers.read,triggers.fire,events.read,analytics.read,logs.read}'
            ),
            ('viewer', '{workflows.read,jobs.read,robots.read,schedules.read,triggers.read,events.read,analytics.read,logs.read}'),
            ('robot', '{jobs.claim,jobs.report,robots.heartbeat}')
    ) as builtin (slug, permissions)
    join public.roles as r on r.slug = builtin.slug and r.tenant_id is null
    cross join lateral unnest(builtin.permissions) as p (permission)
    on conflict (role_id, permission) do nothing;
end
$$;
comment on function private.ensure_builtin_roles is
    'Writes the permissions and built-in roles that every tenant shares. Can be run again.';
revoke all on function private.ensure_builtin_roles from public, anon, authenticated, service_role;

select private.ensure_builtin_roles();
