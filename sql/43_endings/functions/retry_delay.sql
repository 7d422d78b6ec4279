-- Rounded first: a number so small that double precision does not know it would be an error and no delay.
create or replace function private.retry_delay(p_policy jsonb, p_attempt integer)
returns interval
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    v_base double precision := coalesce(round((p_policy ->> 'base_delay_seconds')::numeric, 6), 5);
    v_cap double precision := coalesce(round((p_policy ->> 'max_delay_seconds')::numeric, 6), 3600);
    v_jitter double precision := coalesce(round((p_policy ->> 'jitter')::numeric, 6), 0);
    v_delay double precision;
begin
    v_delay := case p_policy ->> 'policy'
        when 'fixed' then v_base
        when 'linear' then v_base * p_attempt
        else v_base * power(2, least(p_attempt, 64) - 1)
    end;
    v_delay := least(v_delay, v_cap) * (1 - v_jitter + 2 * v_jitter * random());
    return make_interval(secs => least(v_delay, v_cap));
end
$$;
comment on function private.retry_delay is
    'How long to wait after the given failed attempt: fixed, linear or exponential (5 s, 10 s, 20 s …), at most max_delay_seconds, spread by the fraction jitter to both sides.';
revoke all on function private.retry_delay from public, anon, authenticated, service_role;
