-- The walk goes by the index of (tenant_id, audit_id) from the newest row on, and counts at most 10,000 of what it wants.
create or replace function public.list_audit_log(
    p_resource_types text[] default null,
    p_action text default null,
    p_actor_id uuid default null,
    p_resource_id text default null,
    p_search text default null,
    p_search_types text[] default '{}',     -- types whose names, in the words of a face, hold what is searched
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_limit integer default 50,
    p_offset integer default 0,
    p_before uuid default null,     -- go on behind this row; nothing is counted then
    p_actor text default null       -- an id, or the address or user name of somebody
)
returns table (
    total bigint,
    audit_id uuid,
    actor_id uuid,
    actor_email text,
    principal text,
    action text,
    resource_type text,
    resource_id text,
    old_values jsonb,
    new_values jsonb,
    ip_address text,
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
    v_actors uuid[];
begin
    if p_actor is not null then
        v_actors := array(
            select u.id from auth.users as u where u.email = lower(btrim(p_actor))
            union
            select p.user_id from public.profiles as p where lower(p.username) = lower(btrim(p_actor))
        );
        if p_actor ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
            v_actors := v_actors || p_actor::uuid;
        end if;
    end if;
    return query
    with wanted as (
        select a.*
        from public.audit_log as a
        where a.tenant_id = v_caller.tenant_id
            and (p_resource_types is null or a.resource_type = any (p_resource_types))
            and (p_action is null or a.action = p_action)
            and (p_actor_id is null or a.actor_id = p_actor_id)
            and (p_actor is null or a.actor_id = any (v_actors))
            and (p_resource_id is null or a.resource_id = p_resource_id or starts_with(a.resource_id, p_resource_id || '/'))
            and (
                p_search is null
                or a.resource_type = any (p_search_types)
                or strpos(lower(a.resource_id), lower(p_search)) > 0
                or strpos(a.action, lower(p_search)) > 0
            )
            and (p_since is null or a.created_at >= p_since)
            and (p_until is null or a.created_at < p_until)
            and (p_before is null or a.audit_id < p_before)
    )
    select
        case when p_before is null then (select count(*) from (select from wanted limit 10000) as counted) end,
        w.audit_id,
        w.actor_id,
        u.email::text,
        w.principal,
        w.action,
        w.resource_type,
        w.resource_id,
        w.old_values,
        w.new_values,
        host(w.ip_address),
        w.created_at
    from (select * from wanted order by audit_id desc limit p_limit offset p_offset) as w
    left join auth.users as u on u.id = w.actor_id
    order by w.audit_id desc;
end
$$;
comment on function public.list_audit_log is
    'Who changed what in the caller''s tenant, the newest first, with the address of users; total counts at most 10,000. Needs audit.read.';
revoke all on function public.list_audit_log from public, anon, authenticated, service_role;
grant execute on function public.list_audit_log to authenticated;
