-- The first call after a silence finds out whether it was an outage, before any lease is renewed: later that is not known.
create or replace function private.note_call()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now_ms bigint := floor(extract(epoch from clock_timestamp()) * 1000);
    v_last_ms bigint := (select t.last_value from private.last_call_at as t);
    v_clock_ms bigint;
    v_before_ms bigint;
begin
    if v_now_ms - v_last_ms between 0 and 999 then
        return;
    end if;
    if v_last_ms > 0 and private.was_away(v_last_ms, v_now_ms) then
        v_clock_ms := floor(extract(epoch from private.clock()) * 1000);
        v_before_ms := v_clock_ms - (v_now_ms - v_last_ms);
        -- A service that comes and goes was away all the time.
        if v_before_ms - (select t.last_value from private.outage_ended_at as t) not between 0 and 60000 then
            perform setval('private.outage_began_at', v_before_ms);
        end if;
        perform setval('private.outage_ended_at', v_clock_ms);
    end if;
    perform setval('private.last_call_at', v_now_ms);
end
$$;
comment on function private.note_call is
    'Records that a call came, at most once a second, and after a silence whether it was an outage (private.was_away()). Claims, renewals and heartbeats call it, and every request of the REST API.';
revoke all on function private.note_call from public, anon, authenticated, service_role;
