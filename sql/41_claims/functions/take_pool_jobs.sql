-- Exact for each robot: it remembers whose turn it is, so that a member with many jobs keeps nobody waiting for longer than
-- its turn. Members without work for the pool are not looked at.
create or replace function private.take_pool_jobs(
    p_pool_id uuid,
    p_owner_id uuid,
    p_owner_no integer,
    p_robot_id uuid,
    p_environment text,
    p_offers text[],
    p_want integer,
    p_may_wait boolean
)
returns private.taken_job[]
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_turn private.pool_turns;
    v_member record;
    v_last_no integer;          -- the member that was given something last
    v_is_second_lap boolean := false;
    v_most integer;
    v_some private.taken_job[];
    v_taken private.taken_job[] := '{}';
begin
    select t.* into v_turn from private.pool_turns as t where t.robot_id = p_robot_id;
    v_last_no := coalesce(v_turn.tenant_no, 0);
    v_turn.tenant_no := v_last_no;
    if v_turn.jobs_left > 0 then    -- its turn goes on, unless it left or its weight was lowered
        select q.tenant_id, private.pool_weight(p_pool_id, q.tenant_id) as weight into v_member
        from private.queue_tenants as q
        where q.tenant_no = v_turn.tenant_no;
        v_turn.jobs_left := case when v_member.weight is not null then least(v_turn.jobs_left, v_member.weight) end;
    end if;
    loop
        if coalesce(v_turn.jobs_left, 0) = 0 then
            select n.* into v_member from private.next_in_pool(p_pool_id, v_turn.tenant_no, p_owner_no) as n;
            exit when v_is_second_lap and (v_member.tenant_no <= v_last_no) is not true;    -- nobody has anything to take
            if v_member.tenant_no is null then
                v_is_second_lap := true;
                v_turn.tenant_no := 0;
                continue;
            end if;
            v_turn.tenant_no := v_member.tenant_no;
            v_turn.jobs_left := v_member.weight;
        end if;
        v_most := least(v_turn.jobs_left, p_want - cardinality(v_taken));
        v_some := private.take_member_jobs(
            p_pool_id, p_owner_id, v_member.tenant_id, v_turn.tenant_no, p_robot_id, p_environment, p_offers, v_most,
            p_may_wait
        );
        p_may_wait := false;
        v_turn.jobs_left := case when cardinality(v_some) < v_most then 0 else v_turn.jobs_left - v_most end;
        continue when v_some = '{}';
        v_taken := v_taken || v_some;
        v_last_no := v_turn.tenant_no;
        v_is_second_lap := false;
        exit when cardinality(v_taken) = p_want;
    end loop;
    if v_taken <> '{}' then
        update private.pool_turns as t
        set tenant_no = v_last_no,
            jobs_left = case when cardinality(v_taken) = p_want then v_turn.jobs_left else 0 end
        where t.robot_id = p_robot_id;
    end if;
    return v_taken;
end
$$;
comment on function private.take_pool_jobs is
    'Takes up to p_want jobs for a robot of a pool as private.take_jobs() does, from the members in turn, as many of each as its weight: jobs that ask for the pool, and all of the owner''s.';
revoke all on function private.take_pool_jobs from public, anon, authenticated, service_role;
