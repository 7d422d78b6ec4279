-- Arguments: the columns that name the resource, and the columns that are never written down, each as an array literal.
create or replace function private.audit_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_keys text[] := tg_argv[0];
    v_hidden text[] := tg_argv[1];
    v_old jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) - v_hidden end;
    v_new jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) - v_hidden end;
    v_row jsonb := coalesce(v_new, v_old);
    v_tenant_id uuid := (v_row ->> 'tenant_id')::uuid;
    v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
begin
    if tg_op = 'UPDATE' then
        -- Only what changed; a change of hidden columns alone is none.
        select jsonb_object_agg(o.key, o.value), jsonb_object_agg(n.key, n.value)
        into v_old, v_new
        from jsonb_each(v_old) as o
        join jsonb_each(v_new) as n on n.key = o.key and n.value <> o.value;
        if v_new is null then
            return null;
        end if;
    end if;
    if tg_table_name = 'limits' and v_row ->> 'scope' = 'pool' then
        return null;    -- a limit of a pool's member: pool_members has it
    elsif tg_table_name = 'pool_members' then
        -- Two tenants change these rows: each finds its own people's acts in its log, and nothing of the other's.
        v_tenant_id := (private.caller()).tenant_id;
    elsif v_tenant_id is null and tg_table_name = 'role_permissions' then
        select r.tenant_id into v_tenant_id from public.roles as r where r.role_id = (v_row ->> 'role_id')::uuid;
    end if;
    if v_tenant_id is null then
        return null;    -- built-in roles belong to no tenant
    end if;

    insert into public.audit_log (
        tenant_id, actor_id, principal, action, resource_type, resource_id, old_values, new_values, request_id, ip_address,
        created_at
    )
    values (
        v_tenant_id,
        (v_claims ->> 'sub')::uuid,
        case
            when v_claims ->> 'sub' is null then 'system'
            else coalesce(v_claims -> 'app_metadata' ->> 'principal', 'user')
        end,
        case
            when tg_op = 'INSERT' then 'create'
            when tg_op = 'UPDATE' and v_new ->> 'deleted_at' is not null then 'delete'    -- the row stays, for its jobs
            else lower(tg_op)
        end,
        tg_table_name,
        (select string_agg(v_row ->> k.name, '/' order by k.position) from unnest(v_keys) with ordinality as k (name, position)),
        v_old,
        v_new,
        left(nullif(current_setting('casare.request_id', true), ''), 128),
        private.client_ip(),
        private.clock()
    );
    return null;
end
$$;
comment on function private.audit_change is
    'Writes down who created, changed or deleted a row, from where, and what changed; in the transaction of the change.';
revoke all on function private.audit_change from public, anon, authenticated, service_role;
