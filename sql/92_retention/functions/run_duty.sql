create or replace function private.run_duty(p_name text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_began_at timestamptz := clock_timestamp();
    v_count integer;
begin
    perform from private.duty_runs as d where d.name = p_name for update skip locked;
    if not found then
        return null;    -- another session is at it
    end if;
    begin
        execute format('select private.%I()', p_name) into v_count;
        update private.duty_runs as d
        set last_run_at = private.clock(), last_took = clock_timestamp() - v_began_at, last_count = v_count, last_error = null
        where d.name = p_name;
    exception
        when others then    -- kept where private.queue_health() finds it
            update private.duty_runs as d
            set last_run_at = private.clock(),
                last_took = clock_timestamp() - v_began_at,
                last_count = null,
                last_error = sqlerrm
            where d.name = p_name;
            raise warning 'The duty % failed: %', p_name, sqlerrm;
    end;
    return v_count;
end
$$;
comment on function private.run_duty(text) is
    'Runs one of private.duty_runs and writes down how it went; returns its count. Never two of one name at once.';
revoke all on function private.run_duty(text) from public, anon, authenticated, service_role;
