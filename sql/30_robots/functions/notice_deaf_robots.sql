create or replace function private.notice_deaf_robots(p_tenant_id uuid, p_limit integer, p_after text)
returns private.turn
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot record;
    v_turn private.turn := (0, 0, null);
begin
    for v_robot in
        select d.robot_id, d.last_claim_at, d.job_id
        from private.deaf_robots(p_tenant_id, p_after::uuid, greatest(p_limit / 10, 1)) as d
    loop
        v_turn.used := v_turn.used + 10;    -- each costs a look at the tenant's lanes
        v_turn.after := v_robot.robot_id;
        continue when v_robot.job_id is null;
        update public.robot_heartbeats as h
        set deaf_since = coalesce(h.last_claim_at, h.online_since)
        where h.robot_id = v_robot.robot_id
            and h.deaf_since is null
            and h.last_claim_at is not distinct from v_robot.last_claim_at;
        continue when not found;
        perform private.announce_robot(
            'robot.deaf', v_robot.robot_id,
            jsonb_build_object('last_claim_at', private.to_iso(v_robot.last_claim_at), 'waiting_job_id', v_robot.job_id)
        );
        v_turn.done := v_turn.done + 1;
    end loop;
    if v_turn.used < greatest(p_limit / 10, 1) * 10 then
        v_turn.after := null;
    end if;
    return v_turn;
end
$$;
comment on function private.notice_deaf_robots is
    'Duty, a tenant''s turn: notices robots that live and do not ask for the work that waits for them, tells it once, and counts them. Their next claim takes the word back.';
revoke all on function private.notice_deaf_robots from public, anon, authenticated, service_role;
