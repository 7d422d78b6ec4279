create or replace function public.delete_robot(p_robot text)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('robots.write');
    v_robot public.robots := private.find_robot(v_caller.tenant_id, p_robot);
    v_now timestamptz := private.clock();
begin
    -- It cannot renew them any more: whatever rescues expired leases gives them to others. Before anything of the robot
    -- itself, as a failure that puts it in quarantine does it.
    update private.leases as l
    set lease_expires_at = v_now
    where l.job_id in (
        select o.job_id
        from private.leases as o
        where o.robot_id = v_robot.robot_id and o.lease_expires_at > v_now
        order by o.job_id
        for update
    );
    update public.robot_heartbeats as h set is_online = false, is_signed_off = true where h.robot_id = v_robot.robot_id;
    perform private.announce_robot('robot.deleted', v_robot.robot_id);
    update public.robots as r set deleted_at = v_now, updated_at = v_now where r.robot_id = v_robot.robot_id;
    update public.api_keys as k
    set revoked_at = v_now
    where k.tenant_id = v_caller.tenant_id and k.robot_id = v_robot.robot_id and k.revoked_at is null;
    delete from private.waiting_robots as w where w.robot_id = v_robot.robot_id;
    return jsonb_build_object('robot_id', v_robot.robot_id, 'external_id', v_robot.external_id);
end
$$;
comment on function public.delete_robot is
    'Takes a robot out of the fleet: its keys are revoked at once and its jobs go to others. Its name is free again. Raises 404 ROBOT_NOT_FOUND. Needs robots.write.';
revoke all on function public.delete_robot from public, anon, authenticated, service_role;
grant execute on function public.delete_robot to authenticated;
