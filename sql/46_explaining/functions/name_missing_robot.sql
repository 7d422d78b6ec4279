-- Asked with each submission, so it stops at the first robot that will do, and looks at no queue and no limit: those pass.
create or replace function public.name_missing_robot(p_job_id uuid)
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_caller private.caller := private.authorize('jobs.create');
    v_job public.jobs;
    v_lane private.lanes;
    v_robots integer;
begin
    select j.* into v_job from public.jobs as j where j.job_id = p_job_id and j.tenant_id = v_caller.tenant_id;
    if not found then
        perform private.raise_error(404, 'JOB_NOT_FOUND', 'There is no such job.');
    end if;
    select e.* into v_lane from private.lanes as e where e.lane_id = v_job.lane_id;
    if v_job.status <> 'queued' or not found or v_lane.robot_id is not null or exists (
        select
        from public.live_robots as r
        where
            r.tenant_id = v_job.tenant_id
            and private.lane_suits(
                v_lane.environment, v_lane.required, r.environment,
                private.robot_offers(r.capabilities, r.tags, r.is_internet, r.pool_id, true)
            )
    ) or exists (   -- whose robots are another tenant's, and not to be spoken of
        select from public.pools as p where p.pool_id = v_job.pool_id and p.tenant_id <> v_job.tenant_id
    ) then
        return null;
    end if;
    select count(*) into v_robots from public.live_robots as r where r.tenant_id = v_job.tenant_id;
    if v_robots = 0 then
        return 'No robot is registered yet: the job waits for one (casare-cloud robot run).';
    end if;
    return format(
        'No registered robot (of %s) has what the job asks for: %s.',
        v_robots,
        concat_ws(
            ' and ',
            case when v_lane.environment <> '*' then 'the environment ' || v_lane.environment end,
            private.name_requirements(v_lane.required)
        )
    );
end
$$;
comment on function public.name_missing_robot is
    'A sentence when no registered robot of the tenant could run a queued job, whatever its state: none is registered, or none has the environment, capabilities and tags. Null otherwise, for a job of one robot, and for one that robots of another tenant''s pool run. Raises 404 JOB_NOT_FOUND. Needs jobs.create.';
revoke all on function public.name_missing_robot from public, anon, authenticated, service_role;
grant execute on function public.name_missing_robot to authenticated;
