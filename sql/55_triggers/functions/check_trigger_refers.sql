create or replace function private.check_trigger_refers(p_trigger public.triggers)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform private.require_schedulable_workflow(p_trigger.tenant_id, p_trigger.workflow_id);
    if p_trigger.config ? 'robot_id' then
        perform private.find_robot(p_trigger.tenant_id, p_trigger.config ->> 'robot_id');
    end if;
    if p_trigger.config ? 'pool' then
        perform private.find_pool(p_trigger.tenant_id, p_trigger.config ->> 'pool', 'member');
    end if;
    if p_trigger.config ? 'source_workflow_id' then
        perform private.require_schedulable_workflow(p_trigger.tenant_id, (p_trigger.config ->> 'source_workflow_id')::uuid);
    end if;
    if p_trigger.config ? 'allowed_ips' then
        -- 10.1 is a network to cidr, and to nobody else.
        if exists (
            select
            from jsonb_array_elements_text(p_trigger.config -> 'allowed_ips') as n (network)
            where family(n.network::cidr) = 4 and host(n.network::cidr) <> split_part(n.network, '/', 1)
        ) then
            perform private.raise_error(
                400, 'INVALID_ARGUMENT', 'config.allowed_ips must have all four numbers of each address: 10.1.0.0/16.'
            );
        end if;
    end if;
exception
    when invalid_text_representation then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'config.allowed_ips must be networks such as 192.0.2.0/24, or addresses.');
end
$$;
comment on function private.check_trigger_refers is
    'Returns when the workflow, robot and pool that a trigger names are the tenant''s, and its networks are networks. Raises 404 WORKFLOW_NOT_FOUND, ROBOT_NOT_FOUND or POOL_NOT_FOUND, 409 POOL_AMBIGUOUS, 400 INVALID_ARGUMENT.';
revoke all on function private.check_trigger_refers from public, anon, authenticated, service_role;
