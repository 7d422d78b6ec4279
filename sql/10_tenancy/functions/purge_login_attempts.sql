create or replace function private.purge_login_attempts()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_count integer;
begin
    delete from private.login_attempts as a
    where a.window_started_at <= private.clock() - interval '1 hour'
        and (a.locked_until is null or a.locked_until <= private.clock());
    get diagnostics v_count = row_count;
    return v_count;
end
$$;
comment on function private.purge_login_attempts() is 'Forgets failed logins that count no more; returns how many.';
revoke all on function private.purge_login_attempts() from public, anon, authenticated, service_role;
