create or replace function public.list_events(p_after bigint default 0, p_limit integer default 100)
returns setof public.events
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('events.read');
begin
    if p_after is null or p_after < 0 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'after must be 0 or the number of an event.');
    end if;
    if p_limit is null or p_limit not between 1 and 1000 then
        perform private.raise_error(400, 'INVALID_ARGUMENT', 'limit must lie between 1 and 1000.');
    end if;
    -- Those who watch a tenant read at the same bell, and one of them numbers. Who reads without what is being numbered hears of it with
    -- the next bell only; a tenth of a second is the most that this is worth.
    for v_try in 1..10 loop
        exit when private.sequence_tenant_events(v_caller.tenant_id) is not null;
        perform pg_sleep(0.01);
    end loop;
    return query
    select e.*
    from public.events as e
    where e.tenant_id = v_caller.tenant_id and e.seq > p_after
    order by e.seq
    limit p_limit;
end
$$;
comment on function public.list_events is
    'The tenant''s events after a number, in sequence and without gaps. Resume with the last number: nothing is missed, whatever was being written meanwhile. Waits a tenth of a second at most for another session that numbers events.';
revoke all on function public.list_events from public, anon, authenticated, service_role;
grant execute on function public.list_events to authenticated;
