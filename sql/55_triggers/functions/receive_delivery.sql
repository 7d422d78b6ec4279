create or replace function private.receive_delivery(
    p_trigger_id uuid,
    p_delivery jsonb,
    p_payload jsonb default null,
    p_input jsonb default null,
    p_version integer default null,         -- of a trigger that the function remembers: it must be this one still
    p_known_at double precision default null    -- and the time, in seconds since the epoch, that its sender's proof was judged by
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
    if abs(extract(epoch from private.clock()) - p_known_at) > 5 then
        return null;
    elsif v_delivery.outcome = 'rejected' and p_payload is null then
        -- A stranger's: it waits for nobody, and nobody for it.
        select t.* into v_trigger
        from public.triggers as t
        where t.trigger_id = p_trigger_id and t.trigger_type = 'webhook' and t.is_enabled and t.deleted_at is null
            and t.version = coalesce(p_version, t.version)
        for update skip locked;
    else
        select t.* into v_trigger
        from public.triggers as t
        where t.trigger_id = p_trigger_id and t.trigger_type = 'webhook' and t.is_enabled and t.deleted_at is null
            and t.version = coalesce(p_version, t.version)
        for update;
    end if;
    if not found or p_version is not null and not exists (
        select from public.tenants as n where n.tenant_id = v_trigger.tenant_id and n.deleted_at is null
    ) then
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
    'Takes what a sender, who proved itself to the function, delivered to a webhook, and answers as private.take_delivery() does; null when the webhook is not there any more, or not as the function remembers it.';
revoke all on function private.receive_delivery from public, anon, authenticated, service_role;
grant execute on function private.receive_delivery to casare_functions;
