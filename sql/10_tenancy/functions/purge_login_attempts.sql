create or replace function private.purge_login_attempts(p_limit integer default 10000)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from private.login_attempts as d
    where d.ctid = any (array(
        select o.ctid
        from private.login_attempts as o
        where o.window_started_at <= private.clock() - interval '1 hour'
            and (o.locked_until is null or o.locked_until <= private.clock())
        limit p_limit
    ));
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_login_attempts is 'Duty: forgets failed logins that count no more, at most p_limit; returns how many.';
revoke all on function private.purge_login_attempts from public, anon, authenticated, service_role;
