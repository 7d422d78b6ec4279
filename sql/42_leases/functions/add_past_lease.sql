create or replace function private.add_past_lease(p_past_leases jsonb, p_lease private.leases)
returns jsonb
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A job that is claimed and given back for weeks must not grow without end: of more than a hundred or so the oldest is forgotten.
    if pg_column_size(p_past_leases) > 8000 then
        p_past_leases := p_past_leases - (select min(k::bigint)::text from jsonb_object_keys(p_past_leases) as k);
    end if;
    return p_past_leases || jsonb_build_object(p_lease.lease_token::text, p_lease.robot_id);
end
$$;
comment on function private.add_past_lease is
    'jobs.past_leases with one more lease that has ended: the robot that held it may still send a late result.';
revoke all on function private.add_past_lease from public, anon, authenticated, service_role;
