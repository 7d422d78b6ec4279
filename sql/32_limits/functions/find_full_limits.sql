-- Without a SET clause, so that it is inlined; for whoever explains why a job waits.
create or replace function private.find_full_limits(p_tenant_id uuid, p_workflow_id uuid, p_concurrency_key text)
returns setof private.limits
language sql
stable
as $$
    select w.*
    from private.limits as w
    where w.tenant_id = p_tenant_id
        and (
            w.scope = 'tenant'
            or w.workflow_id = p_workflow_id
            or w.concurrency_key = p_concurrency_key
        )
        and private.lane_room(w.limit_id, null) = 0
    order by w.max_running > 0, w.scope
$$;
comment on function private.find_full_limits is
    'The limits that keep a job with this workflow and concurrency key from being claimed just now, those that are 0 before the others, then the widest first; none when there is room.';
revoke all on function private.find_full_limits from public, anon, authenticated, service_role;
