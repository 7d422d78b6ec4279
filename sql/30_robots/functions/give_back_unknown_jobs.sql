-- A job that the robot has begun is never taken from it by a list: only leases that were never started, as their answers may
-- have been lost. An answer may also be under way: the robot names the claims that it waits for, and a heartbeat may be
-- overtaken by a claim that began after it was written, so what is younger than ten seconds stays.
create or replace function private.give_back_unknown_jobs(p_robot_id uuid, p_known_job_ids jsonb, p_claims_in_flight uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_job_ids uuid[];
begin
    v_job_ids := array(
        select l.job_id
        from private.leases as l
        where l.robot_id = p_robot_id
            and l.started_at is null
            and l.claimed_at < private.clock() - interval '10 seconds'
            and not p_known_job_ids ? l.job_id::text
            and (l.claim_id = any (p_claims_in_flight)) is not true
    );
    if v_job_ids <> '{}' then
        perform pg_advisory_xact_lock(private.claims_lock(), hashtext(p_robot_id::text));
        perform private.give_back_leases(p_robot_id, v_job_ids, 'The robot does not know it.');
    end if;
end
$$;
comment on function private.give_back_unknown_jobs is
    'Gives jobs back that a robot was handed, has not started and does not name among those that it knows.';
revoke all on function private.give_back_unknown_jobs from public, anon, authenticated, service_role;
