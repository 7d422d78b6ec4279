do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'private.trigger_types', 'public.triggers', 'private.trigger_secrets', 'public.trigger_deliveries',
        'public.trigger_delivery_bodies', 'private.chain_inbox'
    ]
    loop
        execute format('alter table %s enable row level security', v_table);
        execute format('alter table %s force row level security', v_table);
        execute format('revoke all on table %s from public, anon, authenticated, service_role', v_table);
    end loop;
end
$$;

revoke all on type public.delivery_outcome, public.trigger_answer from public;
grant usage on type public.delivery_outcome, public.trigger_answer to authenticated;
grant select on public.triggers, public.trigger_deliveries, public.trigger_delivery_bodies to authenticated;

drop policy if exists triggers_select_members on public.triggers;
create policy triggers_select_members on public.triggers
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('triggers.read')) and deleted_at is null);

drop policy if exists trigger_deliveries_select_members on public.trigger_deliveries;
create policy trigger_deliveries_select_members on public.trigger_deliveries
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('triggers.read')));

drop policy if exists trigger_delivery_bodies_select_members on public.trigger_delivery_bodies;
create policy trigger_delivery_bodies_select_members on public.trigger_delivery_bodies
    for select to authenticated
    using (tenant_id = (select private.permitted_tenant_id('triggers.read')));
