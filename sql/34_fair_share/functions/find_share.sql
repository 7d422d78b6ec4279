create or replace function private.find_share(p_tenant_id uuid, p_workflow_id uuid)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_share_id integer;
begin
    loop
        select s.share_id into v_share_id
        from private.shares as s
        where s.tenant_id = p_tenant_id and s.workflow_id = p_workflow_id;
        if found then
            return v_share_id;
        end if;
        insert into private.shares (tenant_id, workflow_id, folded_at)
        values (p_tenant_id, p_workflow_id, private.clock())
        on conflict do nothing;
    end loop;
end
$$;
comment on function private.find_share is 'The share of a workflow, made on its first use.';
revoke all on function private.find_share from public, anon, authenticated, service_role;
