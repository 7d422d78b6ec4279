create or replace function private.explain_waiting_job(p_job public.jobs, p_robots jsonb, p_count integer, p_online integer)
returns jsonb
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    v_nearest jsonb := p_robots -> 0;
    v_facts jsonb := jsonb_build_object(
        'robots', p_count,
        'nearest', v_nearest ->> 'sentence',
        'nearest_step', v_nearest ->> 'next_step'
    );
begin
    if v_nearest is null and p_job.target_robot_id is not null then
        return private.explain_reason('target_robot_deleted', jsonb_build_object('robot', (
            select r.external_id from public.robots as r where r.robot_id = p_job.target_robot_id
        )));
    elsif v_nearest is null then
        return private.explain_reason('no_robot_registered', v_facts);
    elsif v_nearest ->> 'verdict' in ('ready', 'waiting')
        or v_nearest ->> 'reason_code' in ('tenant_paused', 'workflow_paused', 'key_paused')
    then
        return v_nearest - '{robot_id,external_id,is_eligible,ahead}'::text[];
    elsif p_job.target_robot_id is not null then
        return private.explain_reason('target_robot_unavailable', v_facts)
            || jsonb_build_object('reason_code', 'target_' || (v_nearest ->> 'reason_code'));
    elsif v_nearest ->> 'reason_code' in ('robot_offline', 'robot_signed_off') and p_online = 0 then
        return private.explain_reason('no_robot_online', v_facts);
    end if;
    return private.explain_reason('no_robot_suits', v_facts) || jsonb_build_object('reason_code', v_nearest ->> 'reason_code');
end
$$;
comment on function private.explain_waiting_job is
    'Why a job that is ready waits, as private.explain_reason() says it: the reason of the robot that is nearest to getting it. A job for one robot only says so: target_ and that robot''s reason.';
revoke all on function private.explain_waiting_job from public, anon, authenticated, service_role;
