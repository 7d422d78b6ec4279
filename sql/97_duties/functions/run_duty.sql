create or replace function private.run_duty(p_name text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_began_at timestamptz := clock_timestamp();
    v_now timestamptz := private.clock();
    v_duty private.duties;
    v_count integer;
    v_error text;
begin
    perform from private.duty_runs as r where r.name = p_name for update skip locked;
    if not found then
        return null;    -- another session is at it
    end if;
    select d.* into v_duty from private.duties as d where d.name = p_name;
    begin
        -- All others wait behind one that waits.
        perform set_config('lock_timeout', '5s', true);
        if v_duty.tenants_of is not null then
            select t.done, t.problem into v_count, v_error from private.take_turns(p_name, v_duty.tenants_of, v_duty.bound) as t;
        elsif v_duty.bound is not null then
            execute format('select private.%I(p_limit => $1)', p_name) into v_count using v_duty.bound;
        else
            execute format('select private.%I()', p_name) into v_count;
        end if;
    exception
        when others then    -- kept where private.queue_health() finds it; tried again after its period
            v_count := null;
            v_error := sqlerrm;
            raise warning 'The duty % failed: %', p_name, sqlerrm;
    end;
    update private.duty_runs as r
    set last_run_at = v_now,
        last_took = clock_timestamp() - v_began_at,
        last_count = v_count,
        last_error = v_error,
        -- Something is left: its position says so, or of one that keeps none that it did much; half, as claims may do a part.
        behind_since = case
            when v_count is not null and (
                r.position is not null
                or (v_duty.claims_every is not null or v_duty.without_turns is not null) and v_count * 2 >= v_duty.bound
            )
                then coalesce(r.behind_since, v_now)
        end
    where r.name = p_name;
    return v_count;
end
$$;
comment on function private.run_duty is
    'Runs a bounded part of one of private.duties, writes down how it went and whether something is left, and returns its count. Never two of one name at once.';
revoke all on function private.run_duty from public, anon, authenticated, service_role;
