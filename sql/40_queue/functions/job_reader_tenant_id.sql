create or replace function private.job_reader_tenant_id()
returns uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.caller();
begin
    return case
        when v_caller.robot_id is not null or private.has_permission(v_caller.permissions, 'jobs.read') then v_caller.tenant_id
    end;
end
$$;
comment on function private.job_reader_tenant_id is
    'The tenant whose jobs the caller may see, all of them (jobs.read) or those that it holds (a robot); null for anybody else. For policies.';
revoke all on function private.job_reader_tenant_id from public, anon, authenticated, service_role;
grant execute on function private.job_reader_tenant_id to authenticated;
