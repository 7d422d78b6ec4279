create or replace function private.receive_delivery(
    p_trigger_id uuid,
    p_delivery jsonb,
    p_payload jsonb default null,
    p_input jsonb default null
)
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
    v_trigger public.triggers;
    v_delivery private.delivery := jsonb_populate_record(null::private.delivery, p_delivery);
begin
    if v_delivery.outcome = 'rejected' and p_payload is null then
        -- A stranger's: it waits for nobody, and nobody for it.
        select t.* into v_trigger
        from public.triggers as t
        where t.trigger_id = p_trigger_id and t.trigger_type = 'webhook' and t.is_enabled and t.deleted_at is null
        for update skip locked;
    else
        select t.* into v_trigger
        from public.triggers as t
        where t.trigger_id = p_trigger_id and t.trigger_type = 'webhook' and t.is_enabled and t.deleted_at is null
        for update;
    end if;
    if not found then
        return null;
    end if;
    v_delivery.source := 'webhook';
    v_delivery.is_limited := true;
    v_delivery.payload := p_payload;
    v_delivery.input := p_input;
    return to_jsonb(private.take_delivery(v_trigger, v_delivery));
end
$$;
comment on function private.receive_delivery is
    'Takes what a sender, who proved itself to the function, delivered to a webhook, and answers as private.take_delivery() does; null when the webhook is not there any more.';
revoke all on function private.receive_delivery from public, anon, authenticated, service_role;
grant execute on function private.receive_delivery to casare_functions;
