create or replace function private.lane_room(p_workflow_limit_id integer, p_key_limit_id integer)
returns integer
language plpgsql
stable
set search_path = ''
as $$
begin
    return (
        select min(r.room)
        from (
            select sum(private.limit_room(c.running, c.max_running))::integer as room
            from private.limit_counters as c
            where c.limit_id in (p_workflow_limit_id, p_key_limit_id)
            group by c.limit_id
        ) as r
    );
end
$$;
comment on function private.lane_room(integer, integer) is
    'How many more jobs of a lane may be claimed under its limits of a workflow and a key; null when it has none.';
revoke all on function private.lane_room(integer, integer) from public, anon, authenticated, service_role;
