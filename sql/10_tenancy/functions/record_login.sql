create or replace function private.record_login(p_login text, p_ip inet, p_succeeded boolean)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_hash bytea := private.login_hash(p_login);
    v_network inet := private.login_network(p_ip);
begin
    if p_succeeded then
        delete from private.login_attempts as a where a.login_hash = v_hash and a.ip = v_network;
    elsif p_succeeded is null then
        update private.login_attempts as a
        set failures = greatest(a.failures - 1, 0)
        where a.login_hash = v_hash and a.ip = v_network and a.locked_until is null;
    else
        update private.login_attempts as a
        set locked_until = private.clock() + interval '15 minutes'
        where a.login_hash = v_hash and a.ip = v_network and a.failures >= 5 and a.locked_until is null;
    end if;
end
$$;
comment on function private.record_login is
    'How the attempt that check_login counted went: true forgets the failures, false keeps it and locks for fifteen minutes at the fifth, null (Auth gave no answer) gives it back.';
revoke all on function private.record_login from public, anon, authenticated, service_role;
grant execute on function private.record_login to casare_functions;
