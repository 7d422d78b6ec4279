create or replace function private.name_lane_demand(p_lane_id integer, p_robot public.robots, p_offers text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lane private.lanes;
begin
    select e.* into strict v_lane from private.lanes as e where e.lane_id = p_lane_id;
    return case
        when v_lane.robot_id <> p_robot.robot_id then coalesce(
            (select format('only robot %s', r.external_id) from public.robots as r where r.robot_id = v_lane.robot_id),
            'only another robot'
        )
        when v_lane.environment not in ('*', p_robot.environment) then format('the environment %s', v_lane.environment)
        else coalesce(private.name_requirements(array(
            select q
            from unnest(v_lane.required) as q
            where q <> all (p_offers)
        )), case
            when exists (
                select
                from private.limits as w
                where w.limit_id in (v_lane.workflow_limit_id, v_lane.key_limit_id) and w.max_running = 0
            ) then 'a place under a limit of 0, which pauses it'
            else 'a place under a limit that is reached'
        end)
    end;
end
$$;
comment on function private.name_lane_demand is
    'What a lane asks for that a robot is not or has not, in words; p_offers: what it has.';
revoke all on function private.name_lane_demand from public, anon, authenticated, service_role;
