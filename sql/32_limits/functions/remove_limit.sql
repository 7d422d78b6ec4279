-- Lanes keep the number of the limit and leases those of its counters, which none ever gets again: they limit nothing.
create or replace function public.remove_limit(
    p_scope text,
    p_workflow_id uuid default null,
    p_concurrency_key text default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('settings.write');
    v_limit private.limits;
    v_answer jsonb;
begin
    p_concurrency_key := private.nfc(p_concurrency_key);
    if p_scope not in ('tenant', 'workflow', 'key') or p_scope is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'scope must be tenant, workflow or key.');
    end if;
    select w.* into v_limit
    from private.limits as w
    where w.tenant_id = v_caller.tenant_id
        and w.scope = p_scope::private.limit_scope
        and w.workflow_id is not distinct from p_workflow_id
        and w.concurrency_key is not distinct from p_concurrency_key
    for update;
    if not found then
        perform private.raise_error(404, 'LIMIT_NOT_FOUND', 'There is no such limit.');
    end if;
    v_answer := private.describe_limit(v_limit);
    delete from private.limits as w where w.limit_id = v_limit.limit_id;
    perform private.ring_lane(l.lane_id, 100)
    from private.lanes as l
    where l.tenant_no = private.find_queue_tenant(v_caller.tenant_id)
        and (v_limit.scope = 'tenant' or v_limit.limit_id in (l.workflow_limit_id, l.key_limit_id))
        and exists (select from private.ready as r where r.tenant_no = l.tenant_no and r.lane_id = l.lane_id);
    return v_answer;
end
$$;
comment on function public.remove_limit is
    'Takes a limit away; what it kept waiting may be claimed at once. Raises 404 LIMIT_NOT_FOUND. Needs settings.write.';
revoke all on function public.remove_limit from public, anon, authenticated, service_role;
grant execute on function public.remove_limit to authenticated;
