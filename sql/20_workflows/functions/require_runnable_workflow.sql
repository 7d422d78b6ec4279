create or replace function private.require_runnable_workflow(
    p_tenant_id uuid,
    p_workflow_id uuid,
    p_version integer,
    p_takes_drafts boolean,
    out name text,
    out version integer,
    out required_capabilities text[]
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_is_runnable boolean;
begin
    select
        w.name,
        coalesce(p_version, w.current_version),
        w.required_capabilities,
        w.is_enabled and (w.status in ('published', 'deprecated') or (p_takes_drafts and w.status = 'draft'))
    into name, version, required_capabilities, v_is_runnable
    from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = p_tenant_id and w.deleted_at is null;
    if found and p_version is not null then
        select private.capabilities_of(v.definition) into required_capabilities
        from public.workflow_versions as v
        where v.workflow_id = p_workflow_id and v.version = p_version;
    end if;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow or version.');
    elsif not v_is_runnable then
        perform private.raise_error(409, 'WORKFLOW_NOT_RUNNABLE', 'The workflow is not published and enabled.');
    end if;
end
$$;
comment on function private.require_runnable_workflow is
    'The name and version (null: the current one) of a tenant''s workflow that may run, and what its robots must be able to do. A draft may be run by hand. Raises 404 WORKFLOW_NOT_FOUND, 409 WORKFLOW_NOT_RUNNABLE.';
revoke all on function private.require_runnable_workflow from public, anon, authenticated, service_role;
