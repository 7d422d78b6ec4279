create or replace function private.can_receive_topic(p_topic text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_part text[] := regexp_match(
        p_topic, '^(tenant|job|robot):([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?::([a-z]+))?$'
    );
    v_id uuid := v_part[2];
    v_caller private.caller;
begin
    if v_part is null or (v_part[1] = 'tenant') <> (v_part[3] is not null) then
        return false;
    end if;
    v_caller := private.caller();
    if v_caller.principal is null then
        return false;
    end if;

    if v_part[1] = 'tenant' then
        return v_id = v_caller.tenant_id
            and v_part[3] = 'changes'
            and private.has_permission(v_caller.permissions, 'events.read');
    elsif v_part[1] = 'robot' then
        return v_id is not distinct from v_caller.robot_id
            or (
                private.has_permission(v_caller.permissions, 'robots.read')
                and exists (
                    select from public.robots as r
                    where r.robot_id = v_id and r.tenant_id = v_caller.tenant_id and r.deleted_at is null
                )
            );
    else
        return private.holds_live_lease(v_caller, v_id)
            or (
                private.has_permission(v_caller.permissions, 'jobs.read')
                and exists (select from public.jobs as j where j.job_id = v_id and j.tenant_id = v_caller.tenant_id)
            );
    end if;
end
$$;
comment on function private.can_receive_topic is
    'Whether the caller may join a private topic: members by permission (changes of the tenant: events.read), a robot its own topic and those of the jobs that it holds.';
revoke all on function private.can_receive_topic from public, anon, authenticated, service_role;
grant execute on function private.can_receive_topic to authenticated;
