create or replace function private.name_robot(p_robot_id uuid, p_tenant_id uuid)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return coalesce(
        (
            select r.external_id from public.robots as r where r.robot_id = p_robot_id and r.tenant_id = p_tenant_id
        ),
        p_robot_id::text
    );
end
$$;
comment on function private.name_robot is
    'What a tenant may call a robot: its external id, or, for a robot of another tenant''s pool, its id.';
revoke all on function private.name_robot from public, anon, authenticated, service_role;
