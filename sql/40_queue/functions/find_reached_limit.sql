create or replace function private.find_reached_limit(p_tenant_id uuid, p_workflow_id uuid, p_concurrency_key text)
returns private.limits
language plpgsql
stable
set search_path = ''
as $$
declare
    v_limit private.limits;
begin
    select w.* into v_limit
    from private.limits as w
    where w.tenant_id = p_tenant_id
        and (w.scope = 'tenant' or w.workflow_id = p_workflow_id or w.concurrency_key = p_concurrency_key)
        and private.limit_room(w.running, w.max_running) = 0
    order by w.scope
    limit 1;
    return v_limit;
end
$$;
comment on function private.find_reached_limit(uuid, uuid, text) is
    'The widest limit that lets no further job of a workflow and a concurrency key (null: of none) be claimed now; null when there is none.';
revoke all on function private.find_reached_limit(uuid, uuid, text) from public, anon, authenticated, service_role;
