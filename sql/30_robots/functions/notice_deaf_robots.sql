create or replace function private.notice_deaf_robots()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_robot record;
    v_noticed integer := 0;
begin
    for v_robot in
        select d.robot_id, d.last_claim_at, d.job_id
        from private.deaf_robots() as d
    loop
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
        v_noticed := v_noticed + 1;
    end loop;
    return v_noticed;
end
$$;
comment on function private.notice_deaf_robots() is
    'Notices robots that live and do not ask for the work that waits for them, tells it once, and returns how many. Their next claim takes the word back.';
revoke all on function private.notice_deaf_robots() from public, anon, authenticated, service_role;
