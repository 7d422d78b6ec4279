create or replace function private.create_event_counter()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    insert into private.event_counters (tenant_id) values (new.tenant_id) on conflict do nothing;
    insert into private.bells (tenant_id) values (new.tenant_id) on conflict do nothing;
    return null;
end
$$;
comment on function private.create_event_counter is 'Starts the sequence of events of a new tenant, and hangs up the bell that tells of them.';
revoke all on function private.create_event_counter from public, anon, authenticated, service_role;
