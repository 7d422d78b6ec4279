create or replace function private.purge_request_counts()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from private.request_counts as c where c.window_ends_at <= private.clock() - interval '1 minute';
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_request_counts() is 'Forgets windows that are over; returns how many.';
revoke all on function private.purge_request_counts() from public, anon, authenticated, service_role;
