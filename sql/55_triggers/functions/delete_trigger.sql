create or replace function public.delete_trigger(p_trigger_id uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('triggers.write');
    v_trigger public.triggers := private.lock_trigger(v_caller.tenant_id, p_trigger_id);
    v_now timestamptz := private.clock();
begin
    if v_trigger.schedule_id is not null then
        perform public.delete_schedule(v_trigger.schedule_id);
    end if;
    delete from private.trigger_secrets as s where s.tenant_id = v_caller.tenant_id and s.trigger_id = p_trigger_id;
    update public.triggers as t
    set deleted_at = v_now, updated_at = v_now, is_enabled = false
    where t.trigger_id = p_trigger_id
    returning t.* into v_trigger;
    perform private.announce_trigger('deleted', v_trigger);
end
$$;
comment on function public.delete_trigger is
    'Takes a trigger away, with its secrets; its path is free again, and the jobs that it enqueued stay. Raises 404 TRIGGER_NOT_FOUND. Needs triggers.write.';
revoke all on function public.delete_trigger from public, anon, authenticated, service_role;
grant execute on function public.delete_trigger to authenticated;
