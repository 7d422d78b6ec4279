create or replace function private.push_job(p_tenant_id uuid, p_job_id uuid, p_event text, p_robot_id uuid, p_data jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
    if private.is_job_watched(p_tenant_id, p_job_id) then
        perform private.broadcast(
            'job:' || p_job_id,
            p_event,
            p_data || jsonb_build_object(
                'robot_external_id',
                (
                    select r.external_id
                    from public.robots as r
                    where r.robot_id = p_robot_id and r.tenant_id = p_tenant_id
                ),
                -- Who has seen the events up to here has missed none: the others can be fetched.
                'after', (select c.last_seq from private.event_counters as c where c.tenant_id = p_tenant_id)
            )
        );
    end if;
end
$$;
comment on function private.push_job is
    'Pushes something about a job on job:<id>, if the job is watched: with the name of its robot and the number of the tenant''s last numbered event.';
revoke all on function private.push_job from public, anon, authenticated, service_role;
