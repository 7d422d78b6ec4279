create or replace function private.held_job_ids()
returns setof uuid
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select l.job_id from private.leases as l where l.robot_id = (private.caller()).robot_id;
end
$$;
comment on function private.held_job_ids is 'The jobs that the calling robot holds a lease of; none for anybody else. For policies.';
revoke all on function private.held_job_ids from public, anon, authenticated, service_role;
grant execute on function private.held_job_ids to authenticated;
