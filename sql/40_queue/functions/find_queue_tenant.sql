create or replace function private.find_queue_tenant(p_tenant_id uuid)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_tenant_no integer;
begin
    loop
        select q.tenant_no into v_tenant_no from private.queue_tenants as q where q.tenant_id = p_tenant_id;
        if found then
            return v_tenant_no;
        end if;
        insert into private.queue_tenants (tenant_id, watched_until, jobs_watched_until, ageing_minutes, is_fair)
        select
            t.tenant_id,
            case private.pushes_of(t.settings) when 'always' then 'infinity' else '-infinity' end::timestamptz,
            case private.pushes_of(t.settings) when 'always' then 'infinity' else '-infinity' end::timestamptz,
            private.ageing_minutes(t.settings),
            coalesce(t.settings #> '{queue,fair_share}' = 'true', false)
        from public.tenants as t
        where t.tenant_id = p_tenant_id
        on conflict do nothing;
    end loop;
end
$$;
comment on function private.find_queue_tenant is
    'The number that stands for a tenant in the hot tables, given on its first use.';
revoke all on function private.find_queue_tenant from public, anon, authenticated, service_role;
