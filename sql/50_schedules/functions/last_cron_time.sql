create or replace function private.last_cron_time(
    p_expression text,
    p_timezone text,
    p_first timestamptz,
    p_until timestamptz
)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_last timestamptz := p_first;
    v_beyond timestamptz := p_until;    -- nothing comes after this and until p_until
    v_middle timestamptz;
    v_next timestamptz;
begin
    while v_beyond - v_last > interval '1 minute' loop
        v_middle := v_last + (v_beyond - v_last) / 2;
        v_next := private.next_cron_time(p_expression, p_timezone, v_middle);
        if v_next <= p_until then
            v_last := v_next;
        else
            v_beyond := v_middle;
        end if;
    end loop;
    v_next := private.next_cron_time(p_expression, p_timezone, v_last);
    return case when v_next <= p_until then v_next else v_last end;
end
$$;
comment on function private.last_cron_time is
    'The newest due time until p_until, given that p_first is one: by halving, so that a long silence costs little more than a short one.';
revoke all on function private.last_cron_time from public, anon, authenticated, service_role;
