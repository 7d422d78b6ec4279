-- The attempt is counted before the password is looked at: a hundred requests at once get five guesses, not a hundred.
-- Commit before asking Auth, then say with record_login() how it went.
create or replace function private.check_login(p_login text, p_ip inet)
returns table (remaining integer, reset_at timestamptz)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_attempt private.login_attempts;
    v_until timestamptz;
begin
    insert into private.login_attempts as a (login_hash, ip, failures, window_started_at)
    values (private.login_hash(p_login), private.login_network(p_ip), 1, v_now)
    on conflict (login_hash, ip) do update
    set failures = case
            when a.locked_until > v_now then a.failures
            when a.locked_until is not null or a.window_started_at <= v_now - interval '5 minutes' then 1
            else a.failures + 1
        end,
        window_started_at = case
            when a.locked_until > v_now then a.window_started_at
            when a.locked_until is not null or a.window_started_at <= v_now - interval '5 minutes' then v_now
            else a.window_started_at
        end,
        locked_until = case when a.locked_until > v_now then a.locked_until end
    returning a.* into v_attempt;

    v_until := case
        when v_attempt.locked_until is not null then v_attempt.locked_until
        when v_attempt.failures > 5 then v_attempt.window_started_at + interval '5 minutes'
    end;
    if v_until is not null then
        perform private.raise_error(
            429,
            'LOGIN_LOCKED',
            'Too many failed logins. This login is locked until '
                || to_char(v_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"') || '.',
            greatest(1, ceil(extract(epoch from v_until - v_now)))::integer::text
        );
    end if;
    return query select 5 - v_attempt.failures, v_attempt.window_started_at + interval '5 minutes';
end
$$;
comment on function private.check_login is
    'Counts an attempt to log in and says how many are left until when; raises 429 LOGIN_LOCKED with the seconds to wait as hint after five failures in five minutes.';
revoke all on function private.check_login from public, anon, authenticated, service_role;
grant execute on function private.check_login to casare_functions;
