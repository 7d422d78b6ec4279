-- Cost: a look at each member that has jobs for the pool, and at what it has had. Members without work are not looked at.
create or replace function private.take_fair_pool_job(
    p_pool_id uuid,
    p_owner_id uuid,
    p_owner_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_may_wait boolean          -- for limits
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_now timestamptz := private.clock();
    v_member record;
    v_taken private.taken_job[] := '{}';
begin
    for v_member in
        with recursive members as (
            select n.* from private.next_in_pool(p_pool_id, 0, p_owner_no) as n
            union all
            select n.*
            from members as m
            cross join lateral private.next_in_pool(p_pool_id, m.tenant_no, p_owner_no) as n
            where m.tenant_no is not null
        )
        select m.tenant_no, m.tenant_id
        from members as m
        cross join lateral (
            select s.share_id from private.shares as s where s.pool_id = p_pool_id and s.tenant_id = m.tenant_id offset 0
        ) as s
        order by private.share_load(s.share_id, v_now) / m.weight, m.tenant_no
    loop
        v_taken := private.take_member_jobs(
            p_pool_id, p_owner_id, v_member.tenant_id, v_member.tenant_no, p_robot_id, p_environment, p_offers, 1,
            p_may_wait
        );
        p_may_wait := false;
        exit when v_taken <> '{}';
    end loop;
    return v_taken;
end
$$;
comment on function private.take_fair_pool_job is
    'Takes a job for a robot of a pool whose members share it by robot-seconds: of the member that has had the least lately over its weight, of those that have one that the robot may have.';
revoke all on function private.take_fair_pool_job from public, anon, authenticated, service_role;
