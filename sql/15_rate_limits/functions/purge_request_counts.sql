create or replace function private.purge_request_counts(p_limit integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from private.request_counts as d
    where d.ctid = any (array(
        select o.ctid
        from private.request_counts as o
        where o.window_ends_at <= private.clock() - interval '1 minute'
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_request_counts is 'Duty: forgets windows that are over, at most p_limit; returns how many.';
revoke all on function private.purge_request_counts from public, anon, authenticated, service_role;
