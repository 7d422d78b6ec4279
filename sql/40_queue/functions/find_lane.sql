create or replace function private.find_lane(
    p_tenant_no integer,
    p_environment text,
    p_required text[],
    p_robot_id uuid,
    p_priority smallint,
    p_workflow_limit_id integer default null,
    p_key_limit_id integer default null,
    p_share_id integer default null
)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_lane_id integer;
begin
    loop
        -- Three statements, because "is not distinct from" cannot use the index.
        if p_workflow_limit_id is not null or p_key_limit_id is not null or p_share_id is not null then
            select l.lane_id into v_lane_id
            from private.lanes as l
            where l.tenant_no = p_tenant_no
                and l.environment = p_environment
                and l.priority = p_priority
                and l.required = p_required
                and l.robot_id is not distinct from p_robot_id
                and l.workflow_limit_id is not distinct from p_workflow_limit_id
                and l.key_limit_id is not distinct from p_key_limit_id
                and l.share_id is not distinct from p_share_id;
        elsif p_robot_id is null then
            select l.lane_id into v_lane_id
            from private.lanes as l
            where l.tenant_no = p_tenant_no
                and l.robot_id is null
                and l.environment = p_environment
                and l.priority = p_priority
                and l.required = p_required
                and l.workflow_limit_id is null
                and l.key_limit_id is null
                and l.share_id is null;
        else
            select l.lane_id into v_lane_id
            from private.lanes as l
            where l.tenant_no = p_tenant_no
                and l.robot_id = p_robot_id
                and l.environment = p_environment
                and l.priority = p_priority
                and l.required = p_required
                and l.workflow_limit_id is null
                and l.key_limit_id is null
                and l.share_id is null;
        end if;
        if found then
            return v_lane_id;
        end if;
        insert into private.lanes (
            tenant_no, environment, required, robot_id, priority, workflow_limit_id, key_limit_id, share_id
        )
        values (
            p_tenant_no, p_environment, p_required, p_robot_id, p_priority, p_workflow_limit_id, p_key_limit_id, p_share_id
        )
        on conflict do nothing;
    end loop;
end
$$;
comment on function private.find_lane is
    'The lane of a demand (sorted requirements, target robot, environment, priority, limits, share), made on its first use. Lanes are never removed, so the answer stays true.';
revoke all on function private.find_lane from public, anon, authenticated, service_role;
