create or replace function private.check_limit_name(
    p_tenant_id uuid,
    p_scope text,
    p_workflow_id uuid,
    p_concurrency_key text
)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_scope not in ('tenant', 'workflow', 'key') or p_scope is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'scope must be tenant, workflow or key.');
    elsif (p_workflow_id is not null) <> (p_scope = 'workflow') then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'workflow_id must be given for the scope workflow, and for no other.'
        );
    elsif (p_concurrency_key is not null) <> (p_scope = 'key') then
        perform private.raise_error(
            400, 'INVALID_ARGUMENT', 'concurrency_key must be given for the scope key, and for no other.'
        );
    elsif length(p_concurrency_key) not between 1 and 255 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'concurrency_key must have 1 to 255 characters.');
    elsif p_scope = 'workflow' then
        perform from public.workflows as w
        where w.workflow_id = p_workflow_id and w.tenant_id = p_tenant_id and w.deleted_at is null;
        if not found then
            perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
        end if;
    end if;
end
$$;
comment on function private.check_limit_name is
    'Ends the transaction when these do not name something of the tenant that can have a limit.';
revoke all on function private.check_limit_name from public, anon, authenticated, service_role;
