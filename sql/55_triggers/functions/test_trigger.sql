create or replace function public.test_trigger(p_trigger_type text, p_config jsonb default '{}')
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('triggers.read');
    v_trigger public.triggers;
begin
    v_trigger.tenant_id := v_caller.tenant_id;
    v_trigger.name := 'test';
    v_trigger.trigger_type := p_trigger_type;
    v_trigger.config := coalesce(p_config, '{}');
    return coalesce(
        private.find_trigger_problem(v_trigger),
        (select t.unavailable from private.trigger_types as t where t.trigger_type = p_trigger_type)
    );
end
$$;
comment on function public.test_trigger is
    'What is wrong with the configuration of a trigger, as a sentence that names the field; null when nothing is. Nothing is made. Needs triggers.read.';
revoke all on function public.test_trigger from public, anon, authenticated, service_role;
grant execute on function public.test_trigger to authenticated;
