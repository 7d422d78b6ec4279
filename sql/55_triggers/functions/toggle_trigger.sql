-- Under the lock of its row: of two callers at once the second finds what the first one left.
create or replace function public.toggle_trigger(p_trigger_id uuid)
returns public.triggers
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('triggers.write');
    v_old public.triggers := private.lock_trigger(v_caller.tenant_id, p_trigger_id);
begin
    return public.update_trigger(p_trigger_id, jsonb_build_object('is_enabled', not v_old.is_enabled));
end
$$;
comment on function public.toggle_trigger is
    'Enables a trigger that is not, or disables one that is, and returns it. Raises what update_trigger raises. Needs triggers.write.';
revoke all on function public.toggle_trigger from public, anon, authenticated, service_role;
grant execute on function public.toggle_trigger to authenticated;
