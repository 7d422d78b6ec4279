-- By the index of somebody's changes, of one thing's, or of all. A thing that has a parent is named parent/thing: those of a
-- parent are read whole, which are few.
create or replace function private.walk_audit_log(
    p_tenant_id uuid,
    p_actor_id uuid,
    p_resource_type text,
    p_resource_id text,
    p_since timestamptz,
    p_until timestamptz,    -- not at this time
    p_before uuid,          -- nor this change or one behind it
    p_most integer
)
returns table (
    audit_id uuid,
    actor_id uuid,
    action text,
    resource_type text,
    resource_id text,
    created_at timestamptz
)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off        -- of a log that is still small all is read and sorted, and the plan would outlive that
set enable_bitmapscan = off
as $$
#variable_conflict use_column
declare
    -- The id of a change has the time of its making, created_at that of the beginning of its transaction, an hour before at most.
    v_first uuid := '00000000-0000-0000-0000-000000000000';
    v_before uuid := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
    if p_since > '9999-12-31' or p_until < '1970-01-02' then
        return;     -- nothing was done then, and no id says such a time: all would be read
    end if;
    if p_since >= '1970-01-02' then
        v_first := private.uuid_v7_floor(p_since - interval '1 hour');
    end if;
    if p_until <= '9999-12-31' then
        v_before := least(v_before, private.uuid_v7_floor(p_until + interval '1 hour'));
    end if;
    if p_actor_id is not null then
        return query
        select a.audit_id, a.actor_id, a.action, a.resource_type, a.resource_id, a.created_at
        from public.audit_log as a
        where a.tenant_id = p_tenant_id
            and a.actor_id = p_actor_id
            and a.audit_id >= v_first
            and a.audit_id < v_before
            and (p_since is null or a.created_at >= p_since)
            and (p_until is null or a.created_at < p_until)
        order by a.audit_id desc
        limit p_most;
    elsif p_resource_type is not null and p_resource_id is not null then
        return query
        select o.*
        from (
            (
                select a.audit_id, a.actor_id, a.action, a.resource_type, a.resource_id, a.created_at
                from public.audit_log as a
                where a.tenant_id = p_tenant_id
                    and a.resource_type = p_resource_type
                    and a.resource_id collate "C" = p_resource_id
                    and a.audit_id >= v_first
                    and a.audit_id < v_before
                    and (p_since is null or a.created_at >= p_since)
                    and (p_until is null or a.created_at < p_until)
                order by a.audit_id desc
                limit p_most
            )
            union all
            (
                select a.audit_id, a.actor_id, a.action, a.resource_type, a.resource_id, a.created_at
                from public.audit_log as a
                where a.tenant_id = p_tenant_id
                    and a.resource_type = p_resource_type
                    and a.resource_id collate "C" > p_resource_id || '/'
                    and a.resource_id collate "C" < p_resource_id || '0'     -- which follows /
                    and a.audit_id >= v_first
                    and a.audit_id < v_before
                    and (p_since is null or a.created_at >= p_since)
                    and (p_until is null or a.created_at < p_until)
                order by a.audit_id desc
                limit p_most
            )
        ) as o
        order by o.audit_id desc
        limit p_most;
    else
        return query
        select a.audit_id, a.actor_id, a.action, a.resource_type, a.resource_id, a.created_at
        from public.audit_log as a
        where a.tenant_id = p_tenant_id
            and a.audit_id >= v_first
            and a.audit_id < v_before
            and (p_since is null or a.created_at >= p_since)
            and (p_until is null or a.created_at < p_until)
        order by a.audit_id desc
        limit p_most;
    end if;
end
$$;
comment on function private.walk_audit_log is
    'The newest changes of a tenant in a time and before one of them, the newest first and so many at most: of an actor, else of one thing, else all.';
revoke all on function private.walk_audit_log from public, anon, authenticated, service_role;
