create or replace function public.list_robot_triggers()
returns table (trigger_id uuid, name text, trigger_type text, config jsonb, updated_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize_robot('jobs.report');
    v_robot public.robots;
begin
    select r.* into v_robot from public.robots as r where r.robot_id = v_caller.robot_id;
    return query
        select t.trigger_id, t.name, t.trigger_type, t.config, t.updated_at
        from public.triggers as t
        join private.trigger_types as k on k.trigger_type = t.trigger_type and k.fired_by = 'robot'
        where t.tenant_id = v_caller.tenant_id and t.is_enabled and t.deleted_at is null
            and (
                not t.config ? 'robot_id'
                or lower(t.config ->> 'robot_id') = v_robot.robot_id::text
                or t.config ->> 'robot_id' = v_robot.external_id
            )
        order by t.trigger_id
        limit 1000;
end
$$;
comment on function public.list_robot_triggers is
    'The enabled triggers that the calling robot is to watch: of the kinds that robots see, those that name it and those that name none. Needs jobs.report.';
revoke all on function public.list_robot_triggers from public, anon, authenticated, service_role;
grant execute on function public.list_robot_triggers to authenticated;
