-- A claim of any tenant's robot may do this: the duties run without an actor, so that the robot is not named in the events and
-- the audit log of other tenants.
create or replace function private.run_due_duties()
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_now timestamptz := private.clock();
    v_duty record;
    v_done integer := 0;
    v_count integer;
    v_claims text := current_setting('request.jwt.claims', true);
    v_request_id text := current_setting('casare.request_id', true);
    v_client_ip text := current_setting('casare.client_ip', true);
begin
    perform
        set_config('request.jwt.claims', '', true),
        set_config('casare.request_id', '', true),
        set_config('casare.client_ip', '', true);
    for v_duty in
        select d.name, d.claims_bound as bound
        from private.duties as d
        where d.claims_every is not null and (d.claimed_at <= v_now - d.claims_every or d.claimed_at > v_now)
        -- Schedules first: firing waits for the deletion of a workflow, which may wait for what promotion takes.
        -- raise_low_water last: nothing after it waits for a lane. Promotion next: it may wait for leases, which nobody
        -- may do who holds limits, and rescue does.
        order by d.name = 'raise_low_water', d.name <> 'fire_due_schedules', d.name
        for update skip locked
    loop
        v_count := 0;
        update private.duties as d set claimed_at = v_now where d.name = v_duty.name;
        begin
            case v_duty.name
                when 'promote_scheduled_jobs' then
                    v_count := private.promote_scheduled_jobs(v_duty.bound);
                    v_done := v_done + v_count;
                when 'rescue_expired_leases' then
                    v_done := v_done + private.lengthen_leases();
                    v_count := private.rescue_expired_leases(v_duty.bound);
                    v_done := v_done + v_count;
                when 'raise_low_water' then
                    v_done := v_done + private.raise_low_water(p_limit => v_duty.bound);
                when 'recheck_low_water' then
                    v_done := v_done + private.recheck_low_water(v_duty.bound);
                when 'fold_share_usage' then
                    perform private.fold_share_usage(v_duty.bound);
                when 'fire_due_schedules' then
                    perform private.fire_due_schedules(v_duty.bound);
            end case;
        exception
            when others then    -- a duty that cannot be done must not keep robots from their work
                raise warning '% failed: %', v_duty.name, sqlerrm;
        end;
        if v_count = v_duty.bound then      -- more is due than one claim shall do: the next claim goes on
            update private.duties as d set claimed_at = v_now - d.claims_every where d.name = v_duty.name;
        end if;
    end loop;
    perform
        set_config('request.jwt.claims', coalesce(v_claims, ''), true),
        set_config('casare.request_id', coalesce(v_request_id, ''), true),
        set_config('casare.client_ip', coalesce(v_client_ip, ''), true);
    perform setval(
        'private.next_duty_at',
        (
            select floor(extract(epoch from greatest(min(d.claimed_at + d.claims_every), 'epoch')) * 1000)::bigint
            from private.duties as d
            where d.claims_every is not null
        )
    );
    return v_done;
end
$$;
comment on function private.run_due_duties is
    'Does a bounded part of the due duties that a cron of minutes is too coarse for. Claims call it when some are due, and it never fails a claim. Returns how much it did: after 0 it holds no lock that another session waits for.';
revoke all on function private.run_due_duties from public, anon, authenticated, service_role;
