-- An answer looks through 10,000 changes at most (and as many more as the offset skips, of which 100,000 count), so that it takes
-- no longer however few of however many match.
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
    is_capped boolean,                  -- there are older changes than those that were looked through
    last_looked_at uuid,
    looked_back_to timestamptz,
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
    v_most integer := 10000 + least(coalesce(p_offset, 0), 100000);
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
        if v_actors = '{}' then
            return;
        end if;
    end if;
    return query
    with looked as materialized (
        select
            a.audit_id,
            a.created_at,
            (p_resource_types is null or a.resource_type = any (p_resource_types))
            and (p_action is null or a.action = p_action)
            and (p_actor_id is null or a.actor_id = p_actor_id)
            and (p_actor is null or a.actor_id = any (v_actors))
            and (p_resource_id is null or a.resource_id = p_resource_id or starts_with(a.resource_id, p_resource_id || '/'))
            and (
                p_search is null
                or a.resource_type = any (p_search_types)
                or strpos(lower(a.resource_id), lower(p_search)) > 0
                or strpos(a.action, lower(p_search)) > 0
            ) as is_wanted
        from private.walk_audit_log(
            v_caller.tenant_id,
            coalesce(p_actor_id, case when cardinality(v_actors) = 1 then v_actors[1] end),
            case when cardinality(p_resource_types) = 1 then p_resource_types[1] end,
            p_resource_id,
            p_since,
            p_until,
            p_before,
            v_most
        ) as a
    )
    select
        case when p_before is null then least(counted.total, 10000) end,
        counted.is_capped,
        counted.last_looked_at,
        counted.looked_back_to,
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
    from (
        select
            count(*) filter (where l.is_wanted) as total,
            count(*) = v_most as is_capped,
            (array_agg(l.audit_id order by l.audit_id))[1] as last_looked_at,
            (array_agg(l.created_at order by l.audit_id))[1] as looked_back_to
        from looked as l
    ) as counted
    left join (
        select a.*
        from (
            select l.audit_id from looked as l where l.is_wanted order by l.audit_id desc limit p_limit offset p_offset
        ) as found
        cross join lateral (select a.* from public.audit_log as a where a.audit_id = found.audit_id offset 0) as a
    ) as w on true
    left join auth.users as u on u.id = w.actor_id
    where w.audit_id is not null or counted.is_capped
    order by w.audit_id desc;
end
$$;
comment on function public.list_audit_log is
    'Who changed what in the caller''s tenant, the newest first, with the address of users. Looks through at most 10,000 changes: when is_capped, go on with last_looked_at as p_before; a row without audit_id says that none of them match. Needs audit.read.';
revoke all on function public.list_audit_log from public, anon, authenticated, service_role;
grant execute on function public.list_audit_log to authenticated;
