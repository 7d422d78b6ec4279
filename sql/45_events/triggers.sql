drop trigger if exists create_event_counter on public.tenants;
create trigger create_event_counter
after insert on public.tenants
for each row
execute function private.create_event_counter();
