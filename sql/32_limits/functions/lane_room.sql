create or replace function private.lane_room(p_limit_id integer, p_other_limit_id integer)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select min(r.room)
        from (
            select sum(private.limit_room(c.running, c.max_running))::integer as room
            from private.limit_counters as c
            where c.limit_id in (p_limit_id, p_other_limit_id)
            group by c.limit_id
        ) as r
    );
end
$$;
comment on function private.lane_room is
    'How many more jobs may be claimed under two limits, such as those of a lane''s workflow and key; null when there is none.';
revoke all on function private.lane_room from public, anon, authenticated, service_role;
