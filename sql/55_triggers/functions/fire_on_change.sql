-- For table triggers of the installation's owner: create trigger … after insert or update on shop.orders for each row execute
-- function private.fire_on_change('<trigger id>'). It runs with the owner's rights, whoever changed the table.
create or replace function private.fire_on_change()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    v_trigger public.triggers;
    v_delivery private.delivery;
begin
    select t.* into v_trigger
    from public.triggers as t
    where t.trigger_id = tg_argv[0]::uuid and t.trigger_type = 'db_change' and t.is_enabled and t.deleted_at is null
    for update;
    if not found or not coalesce(v_trigger.config -> 'events', to_jsonb(array[lower(tg_op)])) ? lower(tg_op) then
        return null;
    end if;
    v_delivery.source := 'database';
    v_delivery.payload := jsonb_build_object(
        'operation', lower(tg_op), 'schema', tg_table_schema, 'table', tg_table_name,
        'record', case when tg_op <> 'DELETE' then to_jsonb(new) end,
        'old_record', case when tg_op <> 'INSERT' then to_jsonb(old) end
    );
    v_delivery.input := case when not v_trigger.config ? 'input_mapping' then v_delivery.payload end;
    v_delivery.is_limited := true;
    v_delivery.depth := 0;
    if not private.passes_filter(v_trigger.config, v_delivery.payload) then
        v_delivery.outcome := 'filtered';
    end if;
    perform private.take_delivery(v_trigger, v_delivery);
    return null;
end
$$;
comment on function private.fire_on_change is
    'Table trigger for rows: fires the trigger of type db_change that its argument names, in the transaction of the change, with operation, schema, table, record and old_record. A change is never refused by what becomes of it.';
revoke all on function private.fire_on_change from public, anon, authenticated, service_role;
