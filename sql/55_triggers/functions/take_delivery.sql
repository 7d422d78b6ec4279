-- The one place that decides what becomes of a delivery, whichever door it came through. The caller holds the trigger's lock, so
-- deliveries of one trigger take turns: two copies of one that come at once are told apart here, and limits are exact.
create or replace function private.take_delivery(p_trigger public.triggers, p_delivery private.delivery)
returns public.trigger_answer
language plpgsql
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_last_at timestamptz := greatest(p_trigger.window_began_at, p_trigger.last_triggered_at);
    -- Transactions take the lock in another order than they began, by 15 seconds at most: none is earlier than the one before.
    v_now timestamptz := case
        when v_last_at between private.clock() and private.clock() + interval '15 seconds' then v_last_at
        else private.clock()
    end;
    v_answer public.trigger_answer;
    v_first public.trigger_deliveries;
    v_cooldown interval := make_interval(secs => coalesce((p_trigger.config ->> 'cooldown_seconds')::integer, 0));
    v_is_new_window boolean := p_trigger.window_began_at is null
        or v_now not between p_trigger.window_began_at and p_trigger.window_began_at + interval '1 minute' - interval '1 microsecond';
    v_count integer := case when v_is_new_window then 0 else p_trigger.window_count end;
    v_notes integer := case when v_is_new_window then 0 else p_trigger.window_notes end;
    v_window_began_at timestamptz := case when v_is_new_window then v_now else p_trigger.window_began_at end;
    v_is_noted boolean;
begin
    v_answer.trigger_id := p_trigger.trigger_id;
    v_answer.delivery_id := private.uuid_v7();
    v_answer.outcome := p_delivery.outcome;
    v_answer.status_code := coalesce(p_delivery.status_code, 200);
    v_answer.error_code := p_delivery.error_code;
    v_answer.reason := p_delivery.reason;
    if p_delivery.is_limited then
        v_answer.rate_limit := nullif(
            coalesce((p_trigger.config ->> 'rate_limit_per_minute')::integer, case p_trigger.trigger_type when 'webhook' then 10 end), 0
        );
    end if;

    -- A repeat gets the first answer, whatever the trigger says by now.
    if v_answer.outcome is distinct from 'rejected' and p_delivery.message_id is not null then
        select d.* into v_first
        from public.trigger_deliveries as d
        where d.tenant_id = p_trigger.tenant_id and d.trigger_id = p_trigger.trigger_id and d.message_id = p_delivery.message_id
            and d.outcome in ('accepted', 'filtered');
    elsif v_answer.outcome is distinct from 'rejected' and p_delivery.body_hash is not null then
        select d.* into v_first
        from public.trigger_deliveries as d
        where d.trigger_id = p_trigger.trigger_id and d.body_hash = p_delivery.body_hash and d.outcome in ('accepted', 'filtered')
            and d.received_at > v_now - make_interval(
                secs => coalesce((p_trigger.config ->> 'dedupe_window_seconds')::integer, 300)
            )
        order by d.received_at desc
        limit 1;
    end if;

    if v_first.delivery_id is not null then
        v_answer.outcome := 'duplicate';
        v_answer.job_id := v_first.job_id;
        v_answer.reason := v_first.reason;
    elsif v_answer.outcome is null and p_delivery.is_limited and v_cooldown > interval '0'
        and p_trigger.last_triggered_at > v_now - v_cooldown
        and p_trigger.last_triggered_at <= v_now    -- else the clock was set back, and nobody knows how long ago that was
    then
        v_answer.outcome := 'limited';
        v_answer.reason := 'Trigger is in cooldown period';
        v_answer.cooldown_remaining := ceil(extract(epoch from p_trigger.last_triggered_at + v_cooldown - v_now));
    elsif v_answer.outcome is null and v_count >= v_answer.rate_limit then
        v_answer.outcome := 'limited';
        v_answer.reason := format('Trigger takes %s deliveries a minute', v_answer.rate_limit);
        v_answer.cooldown_remaining := ceil(extract(epoch from v_window_began_at + interval '1 minute' - v_now));
    elsif v_answer.outcome is null then
        begin
            v_answer.job_id := private.enqueue_job_of_trigger(p_trigger, p_delivery, v_answer.delivery_id);
            v_answer.outcome := 'accepted';
            v_count := v_count + 1;
        exception
            when others then
                if sqlstate not like 'PT%' then
                    raise;
                end if;
                get stacked diagnostics v_answer.error_code = pg_exception_detail, v_answer.reason = message_text;
                v_answer.outcome := 'rejected';
                v_answer.status_code := right(sqlstate, 3)::integer;
        end;
    end if;
    if v_answer.outcome = 'limited' then
        v_answer.status_code := 429;
        v_answer.error_code := 'RATE_LIMITED';
    end if;
    v_answer.remaining := greatest(v_answer.rate_limit - v_count, 0);
    v_answer.reset_at := case when v_answer.rate_limit is not null then v_window_began_at + interval '1 minute' end;

    -- What came to nothing is written down sixty times a minute at most: strangers and broken senders must not fill the table.
    -- A repeat of what was filtered beyond that is looked at anew.
    v_is_noted := v_answer.outcome = 'accepted' or v_notes < 60;
    if v_is_noted then
        insert into public.trigger_deliveries (
            delivery_id, tenant_id, trigger_id, source, outcome, status_code, reason, message_id, body_hash, job_id, first_id,
            replay_of, request, received_at
        )
        values (
            v_answer.delivery_id, p_trigger.tenant_id, p_trigger.trigger_id, p_delivery.source, v_answer.outcome,
            v_answer.status_code, v_answer.reason, p_delivery.message_id, p_delivery.body_hash, v_answer.job_id,
            v_first.delivery_id, p_delivery.replay_of, coalesce(p_delivery.request, '{}'), v_now
        );
        -- A duplicate's is there already, and who could not prove anything has no say in what is kept.
        if p_delivery.payload is not null and v_answer.outcome <> 'duplicate' and pg_column_size(p_delivery.payload) <= 2097152 then
            insert into public.trigger_delivery_bodies (delivery_id, tenant_id, payload)
            values (v_answer.delivery_id, p_trigger.tenant_id, p_delivery.payload);
        end if;
    else
        v_answer.delivery_id := null;
    end if;

    update public.triggers as t
    set trigger_count = t.trigger_count + (v_answer.outcome = 'accepted')::integer,
        duplicate_count = t.duplicate_count + (v_answer.outcome = 'duplicate')::integer,
        filtered_count = t.filtered_count + (v_answer.outcome = 'filtered')::integer,
        rejected_count = t.rejected_count + (v_answer.outcome = 'rejected')::integer,
        limited_count = t.limited_count + (v_answer.outcome = 'limited')::integer,
        last_triggered_at = case when v_answer.outcome = 'accepted' then v_now else t.last_triggered_at end,
        error_message = case v_answer.outcome when 'accepted' then null when 'rejected' then v_answer.reason else t.error_message end,
        window_began_at = v_window_began_at,
        window_count = v_count,
        window_notes = v_notes + (v_is_noted and v_answer.outcome <> 'accepted')::integer
    where t.trigger_id = p_trigger.trigger_id;

    if v_answer.outcome = 'accepted' then
        perform private.emit_event(
            p_trigger.tenant_id, 'trigger.fired', v_answer.job_id, null, p_trigger.workflow_id,
            jsonb_build_object(
                'trigger_id', p_trigger.trigger_id, 'trigger_type', p_trigger.trigger_type, 'trigger_name', p_trigger.name,
                'delivery_id', v_answer.delivery_id, 'source', p_delivery.source
            )
        );
    end if;
    return v_answer;
end
$$;
comment on function private.take_delivery is
    'Answers a delivery to a trigger that the caller has locked: a repeat gets the first answer, cooldown and rate limit hold, and a job comes of it once. What came, its answer and the job stand or fall together; a refusal to enqueue is an answer, and no error.';
revoke all on function private.take_delivery from public, anon, authenticated, service_role;
