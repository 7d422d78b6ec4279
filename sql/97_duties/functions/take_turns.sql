-- First every tenant of the table has one turn, along the index, whatever the others have; those for whom that was not enough
-- then go round until nothing is left. When that takes longer than the duty's period, all have a turn again in between: what
-- came meanwhile does not wait for it. A turn that fails is undone alone, and its tenant's next is in the next period.
create or replace function private.take_turns(
    p_duty text,
    p_table text,
    p_limit integer,
    out done integer,
    out problem text    -- what went wrong for a tenant since all began to have their turns
)
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
    v_zero constant uuid := '00000000-0000-0000-0000-000000000000';
    v_now timestamptz := private.clock();
    v_position jsonb;
    v_every interval;
    v_began_at timestamptz;
    v_after uuid;               -- who had a turn last; null: all had
    v_waiting jsonb;            -- who needs another: [[tenant_id, where it goes on], ...]
    v_tenant_id uuid;
    v_turn private.turn;
    v_left integer := p_limit;
begin
    select r.position, d.every
    into v_position, v_every
    from private.duty_runs as r
    join private.duties as d on d.name = r.name
    where r.name = p_duty;
    v_began_at := coalesce((v_position ->> 'began_at')::timestamptz, v_now);
    v_after := case when v_position is null then v_zero else (v_position ->> 'after')::uuid end;
    v_waiting := coalesce(v_position -> 'waiting', '[]');
    problem := v_position ->> 'problem';
    if v_after is null and v_now not between v_began_at and v_began_at + v_every then
        v_after := v_zero;
        v_began_at := v_now;
        problem := null;
    end if;
    done := 0;
    while v_left > 0 loop
        v_turn := null;
        if v_after is not null then
            execute format('select t.tenant_id from %s as t where t.tenant_id > $1 order by t.tenant_id limit 1', p_table)
            into v_after
            using v_after;
            continue when v_after is null;
            v_tenant_id := v_after;
            if v_waiting @> jsonb_build_array(jsonb_build_array(v_tenant_id)) then
                v_left := v_left - 1;
                continue;
            end if;
        else
            v_tenant_id := v_waiting #>> '{0,0}';
            exit when v_tenant_id is null;
            v_turn.after := v_waiting #>> '{0,1}';
            v_waiting := v_waiting - 0;
        end if;
        begin
            execute format('select t.* from private.%I($1, $2, $3) as t', p_duty)
            into v_turn
            using v_tenant_id, least(greatest(p_limit / 10, 1), v_left), v_turn.after;
            done := done + v_turn.done;
            v_left := v_left - greatest(v_turn.used, 1);
            if v_turn.after is not null then
                v_waiting := v_waiting || jsonb_build_array(jsonb_build_array(v_tenant_id, v_turn.after));
            end if;
        exception
            when others then
                v_left := v_left - 1;
                problem := coalesce(problem, sqlerrm);
                raise warning 'The duty % failed for the tenant %: %', p_duty, v_tenant_id, sqlerrm;
        end;
    end loop;
    update private.duty_runs as r
    set position = case
        when v_after is not null or v_waiting <> '[]' then jsonb_build_object(
            'began_at', v_began_at, 'after', v_after, 'waiting', v_waiting, 'problem', problem
        )
    end
    where r.name = p_duty;
end
$$;
comment on function private.take_turns is
    'Runs a duty for the tenants that have rows in a table, a tenth of p_limit for each in its turn, until p_limit is used, and leaves where to go on in duty_runs.position; returns what was done, and the first error of a tenant.';
revoke all on function private.take_turns from public, anon, authenticated, service_role;
