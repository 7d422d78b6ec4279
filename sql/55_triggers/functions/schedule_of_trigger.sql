create or replace function private.schedule_of_trigger(p_trigger public.triggers)
returns jsonb
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select case when p_trigger.config ? 'cron' then jsonb_build_object('cron_expression', p_trigger.config -> 'cron') else '{}' end
        || (p_trigger.config - 'cron')
        || jsonb_build_object(
            'workflow_id', p_trigger.workflow_id, 'name', p_trigger.name, 'is_enabled', p_trigger.is_enabled
        )
$$;
comment on function private.schedule_of_trigger is
    'What a trigger of type schedule asks of its schedule, in the words of public.create_schedule().';
revoke all on function private.schedule_of_trigger from public, anon, authenticated, service_role;
