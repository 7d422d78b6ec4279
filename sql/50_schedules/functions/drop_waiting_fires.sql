create or replace function private.drop_waiting_fires(p_tenant_id uuid, p_schedule_ids uuid[], p_reason text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_fire record;
begin
    for v_fire in
        update public.schedule_fires as f
        set outcome = 'skipped_overlap', reason = p_reason
        from public.schedules as s
        where f.tenant_id = p_tenant_id and f.schedule_id = any (p_schedule_ids) and f.outcome = 'waiting'
            and s.schedule_id = f.schedule_id
        returning s as schedule, f.fire_time
    loop
        perform private.announce_fire(
            v_fire.schedule, 'skipped', v_fire.fire_time, null,
            jsonb_build_object('outcome', 'skipped_overlap', 'reason', p_reason)
        );
    end loop;
end
$$;
comment on function private.drop_waiting_fires is
    'Gives up the due times of schedules that wait for a job to end, and says why.';
revoke all on function private.drop_waiting_fires from public, anon, authenticated, service_role;
