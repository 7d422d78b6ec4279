create or replace function private.list_limit_facts(p_limit private.limits)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'running', (select sum(c.running) from private.limit_counters as c where c.limit_id = p_limit.limit_id),
        'max_running', p_limit.max_running,
        'limited_workflow', (select w.name from public.workflows as w where w.workflow_id = p_limit.workflow_id),
        'limited_key', p_limit.concurrency_key,
        'limited_pool', (select p.name from public.pools as p where p.pool_id = p_limit.pool_id)
    );
end
$$;
comment on function private.list_limit_facts is
    'What sentences about a limit may say of it.';
revoke all on function private.list_limit_facts from public, anon, authenticated, service_role;
