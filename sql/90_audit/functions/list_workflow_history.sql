create or replace function public.list_workflow_history(p_workflow_id uuid, p_limit integer default 20, p_offset integer default 0)
returns table (
    total bigint,
    audit_id uuid,
    action text,
    user_email text,
    old_values jsonb,
    new_values jsonb,
    created_at timestamptz
)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_caller private.caller := private.authorize('audit.read');
begin
    if p_limit not between 1 and 100 or p_offset < 0 or p_limit is null or p_offset is null then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must be between 1 and 100, offset not negative.');
    end if;
    perform from public.workflows as w
    where w.workflow_id = p_workflow_id and w.tenant_id = v_caller.tenant_id and w.deleted_at is null;
    if not found then
        perform private.raise_error(404, 'WORKFLOW_NOT_FOUND', 'There is no such workflow.');
    end if;
    return query
    with found as materialized (
        select a.audit_id
        from public.audit_log as a
        where a.tenant_id = v_caller.tenant_id
            and a.resource_type = 'workflows'
            and a.resource_id collate "C" = p_workflow_id::text
        order by a.audit_id desc
        limit 10000 + least(p_offset, 100000)      -- the rest of an offset skips nothing more
    )
    select
        (select least(count(*), 10000) from found),
        f.audit_id,
        case
            when f.action = 'create' and f.new_values #>> '{metadata,cloned_from}' is not null then 'clone'
            when f.action = 'update' and f.new_values ->> 'status' = 'published' then 'publish'
            when f.action = 'update' and f.new_values ->> 'status' = 'archived' then 'archive'
            else f.action
        end,
        u.email::text,
        f.old_values,
        f.new_values,
        f.created_at
    from (select * from found order by audit_id desc limit p_limit offset p_offset) as page
    cross join lateral (select a.* from public.audit_log as a where a.audit_id = page.audit_id offset 0) as f
    left join auth.users as u on u.id = f.actor_id and f.principal = 'user'
    order by f.audit_id desc;
end
$$;
comment on function public.list_workflow_history is
    'Who did what to a workflow, the newest first: create, update, publish, archive, execute, delete, clone; total counts at most 10,000. Raises 404 WORKFLOW_NOT_FOUND. Needs audit.read.';
revoke all on function public.list_workflow_history from public, anon, authenticated, service_role;
grant execute on function public.list_workflow_history to authenticated;
